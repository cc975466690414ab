/** Runs servers in turn, each under the same load, and reads what their processes cost. */

import { existsSync, mkdtempSync } from "node:fs";
import path from "node:path";
import type { CaseResult } from "../bench-row.ts";
import { type Contender, type RaceOptions, race } from "../measure/race.ts";
import type { BenchContext } from "../suites/suite.ts";
import { ProgramMissing } from "./find-program.ts";
import type { AskServer } from "./load/load-plan.ts";
import { readUsage } from "./process-usage.ts";
import type { RunningServer, ServerKind, ServerSite } from "./server.ts";

const WARM_ROUNDS = 3;
const LONGEST_WARM_UP_MS = 10_000;

export interface ServerCase {
  readonly name: string;
  readonly note?: string;
  readonly ask: AskServer;
  readonly options: RaceOptions;
  /** Distinct tokens. Default none. */
  readonly circulating?: number;
  /** Default all that run. */
  readonly takesPart?: (server: StartedServer) => boolean;
}

export interface StartedServer extends RunningServer {
  readonly subject: string;
  readonly folder: string;
}

export interface ServerRace {
  readonly servers: readonly StartedServer[];
  readonly serverCase: ServerCase;
  readonly context: Pick<BenchContext, "skip" | "fail">;
}

export type SiteFacts = Omit<ServerSite, "folder">;

/** Starts what can be started here; the rest is skipped, aloud. The caller closes them. */
export async function startServers(
  kinds: readonly ServerKind[],
  { context, facts }: { readonly context: BenchContext; readonly facts: SiteFacts },
): Promise<readonly StartedServer[]> {
  const started: StartedServer[] = [];
  for (const kind of kinds) {
    const folder = mkdtempSync(path.join(context.folder, "server-"));
    try {
      started.push({ ...(await kind.start({ ...facts, folder })), subject: kind.subject, folder });
    } catch (error) {
      const what = `${kind.subject} (${kind.needs})`;
      // Not all of the sidecar runs on Bun; it says so itself, and where it does, it is measured.
      const isExpected = error instanceof ProgramMissing || kind.needs === "bun";
      context[isExpected ? "skip" : "fail"](what, describeFailure(error));
    }
  }
  return started;
}

/** What the program said of itself, where it did. */
function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /^.*does not run on Bun.*$/m.exec(text)?.[0]?.trim() ?? text;
}

export async function closeServers(servers: readonly StartedServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
}

/** Who does not answer as it must is left out, aloud; of ours that is a failure. */
export async function raceServers(
  suite: string,
  { servers, serverCase, context }: ServerRace,
): Promise<CaseResult> {
  const { name, note, ask, options, takesPart = () => true } = serverCase;
  const running: { readonly server: StartedServer; readonly contender: Contender }[] = [];
  for (const server of servers.filter(takesPart)) {
    const contender = createContender(server, ask);
    try {
      await warmUp(contender, serverCase);
      running.push({ server, contender });
    } catch (error) {
      const isOurs = server.subject === "countersign";
      context[isOurs ? "fail" : "skip"](`${suite}, ${name}, ${server.subject}`, String(error));
    }
  }
  const measured = await race(
    running.map(({ contender }) => contender),
    { ...options, warmUpMs: 0 },
  );
  const measurements = measured.map((measurement, index) => {
    const bytes = readUsage(running[index]?.server.processIds ?? []).residentBytes;
    return { ...measurement, bytes };
  });
  return { suite, name, ...(note === undefined ? {} : { note }), bytesAre: "resident", measurements };
}

/** Runtimes that compile what is called often need many requests; and ours must not have more of them than its floor. */
function countWarmUp({ subject, runtime }: Contender, circulating: number): number {
  if (!/\b(?:node|bun) /.test(runtime)) return /cache on/.test(subject) ? circulating * WARM_ROUNDS : 1;
  return /^(?:countersign\b|floor$)|cache on/.test(subject) ? circulating * WARM_ROUNDS : circulating / 2;
}

/** What remembers tokens must have seen each a few times before it is at its pace. */
async function warmUp(contender: Contender, { options, circulating = 0 }: ServerCase): Promise<void> {
  const needed = countWarmUp(contender, circulating);
  const deadlineMs = performance.now() + LONGEST_WARM_UP_MS;
  let done = 0;
  do {
    const { operations } = await contender.runSlot(options.warmUpMs ?? options.slotMs);
    done += operations;
  } while (done < needed && performance.now() < deadlineMs);
}

function createContender(server: StartedServer, ask: AskServer): Contender {
  const { subject, runtime, processIds } = server;
  return {
    subject,
    runtime,
    async runSlot(durationMs) {
      const before = readUsage(processIds).cpuMicros;
      const asked = await ask(server, durationMs).catch((error: unknown) => {
        throw new Error(`${subject}, ${runtime}: ${String(error)}`, { cause: error });
      });
      const cpuMicros = readUsage(processIds).cpuMicros - before;
      const { requests: operations, wallMicros, p50Micros, p99Micros } = asked;
      return { operations, cpuMicros, wallMicros, p50Micros, p99Micros };
    },
  };
}

/** Where it cannot be read what a server costs, servers are not measured. */
export function canReadUsage(): boolean {
  return existsSync("/proc/self/task") && existsSync("/proc/self/schedstat");
}
