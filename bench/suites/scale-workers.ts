/** One process that judges, or two: what they serve where each has a core for itself. */

import type { CaseResult } from "../bench-row.ts";
import { type Contender, type Measurement, race as raceContenders } from "../measure/race.ts";
import { createSidecar } from "../servers/kinds/countersign.ts";
import { askHttp } from "../servers/load/load.ts";
import { readCpuByProcess, readUsage } from "../servers/process-usage.ts";
import { canReadUsage, closeServers, type StartedServer, startServers } from "../servers/race-servers.ts";
import { serveKeys } from "../servers/serve-keys.ts";
import { GENERIC_HEADERS } from "./generic-headers.ts";
import { type BenchContext, CIRCULATING, SERVER_RACES } from "./suite.ts";

const WORKERS = [1, 2] as const;

export async function* measureWorkers(context: BenchContext): AsyncIterable<CaseResult> {
  if (!canReadUsage()) return context.skip("workers", "what a server costs is read from Linux' /proc");
  const { speed, tokens, folder } = context;
  const key = tokens.key("RS256").verification;
  const keys = await serveKeys([key.jwk], folder);
  const { path: tokenFile } = await tokens.sign("RS256", CIRCULATING[speed]);
  const kinds = WORKERS.map((workers) => createSidecar({ door: "decision", workers }));
  const facts = { key, keys, upstream: "127.0.0.1:1", cores: "both" } as const;
  const servers = await startServers(kinds, { context, facts });
  const ask = askHttp({ path: "/authz", headers: GENERIC_HEADERS, tokenFile, status: 200 });
  try {
    const contenders = servers.map((server) => createContender(server, ask));
    // Each worker has a memory of its own, that must have seen every token a few times.
    const race = SERVER_RACES[speed];
    const warmUpMs = race.slotMs * (speed === "full" ? 5 : 1);
    const measured = await raceContenders(contenders, { ...race, warmUpMs });
    for (const [index, workers] of WORKERS.entries())
      yield describe(workers, measured[index], servers[index]);
  } finally {
    await closeServers(servers);
    keys.close();
  }
}

/**
 * Two cores cannot hold two workers and the load: whoever asks takes its share from those who answer. So a second is
 * counted as a second of CPU of the busiest process: what it has worked for is what the server would need on cores of
 * its own. Uneven work between workers, and work of the primary, count against the server.
 */
function createContender(server: StartedServer, ask: ReturnType<typeof askHttp>): Contender {
  const { subject, runtime, processIds } = server;
  return {
    subject,
    runtime,
    async runSlot(durationMs) {
      const before = readCpuByProcess(processIds);
      const { requests: operations, p50Micros, p99Micros } = await ask(server, durationMs);
      const spent = [...readCpuByProcess(processIds)].map(([id, cpu]) => cpu - (before.get(id) ?? 0));
      const cpuMicros = spent.reduce((sum, micros) => sum + micros, 0);
      return { operations, cpuMicros, wallMicros: Math.max(...spent), p50Micros, p99Micros };
    },
  };
}

function describe(
  workers: number,
  measured: Measurement | undefined,
  server: StartedServer | undefined,
): CaseResult {
  const bytes = readUsage(server?.processIds ?? []).residentBytes;
  const measurements = measured === undefined ? [] : [{ ...measured, bytes }];
  const note = "a second is one of the busiest process' CPU";
  return { suite: "scale", name: `workers ${workers}`, note, bytesAre: "resident", measurements };
}
