import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CaseResult } from "../bench-row.ts";
import { type Contender, race, type Slot } from "../measure/race.ts";
import { buildStarter, type Starter, type StarterForm } from "../start/build-starter.ts";
import type { StartParameters } from "../start/first-token.ts";
import type { BenchContext, Suite } from "./suite.ts";

const SUBJECTS = ["countersign", "fast-jwt", "jsonwebtoken", "aws-jwt-verify", "jose"] as const;
const ROUNDS = { full: 5, quick: 3, tiny: 1 } as const;
const execute = promisify(execFile);

export const START_SUITE: Suite = {
  name: "start",
  title: "A fresh process until its first token (ES256) is judged; the floor does nothing; bundles with gzip",
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  const { path: file, tokens } = await context.tokens.sign("ES256", 1);
  const key = context.tokens.key("ES256").verification;
  const parameters: StartParameters = { key, token: tokens[0] ?? file };
  compileEngine();
  for (const form of ["installed", "bundled"] as const)
    yield await raceStarts(form, { parameters, rounds: ROUNDS[context.speed] });
}

async function raceStarts(
  form: StarterForm,
  { parameters, rounds }: { readonly parameters: StartParameters; readonly rounds: number },
): Promise<CaseResult> {
  const starters = [{ subject: "floor", starter: await buildStarter(undefined, form) }];
  for (const subject of SUBJECTS) starters.push({ subject, starter: await buildStarter(subject, form) });
  const contenders = starters.map(({ subject, starter }): Contender => {
    const runtime = `node ${process.versions.node}`;
    return { subject, runtime, runSlot: () => runStarter(starter, parameters) };
  });
  const measured = await race(contenders, { rounds, slotMs: 1 });
  const measurements = measured.map((measurement, index) => {
    const bytes = starters[index]?.starter.bytes;
    return bytes === undefined ? measurement : { ...measurement, bytes };
  });
  return { suite: "start", name: form, bytesAre: "with gzip", measurements };
}

async function runStarter({ file }: Starter, parameters: StartParameters): Promise<Slot> {
  // More authorities than the runtime's own would be read by every process.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const startedMs = performance.now();
  const { stdout } = await execute(process.execPath, [file, JSON.stringify(parameters)], { env });
  const wallMicros = (performance.now() - startedMs) * 1000;
  const cpuMicros = Number(stdout);
  return { operations: 1, cpuMicros, wallMicros, p50Micros: wallMicros, p99Micros: wallMicros };
}

/** What users install are files that the compiler has written. */
function compileEngine(): void {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  execFileSync(`${root}node_modules/.bin/tsc`, ["-b", "packages/engine"], { cwd: root, stdio: "inherit" });
}
