/**
 * `npm run soak`: a real sidecar with two workers under mixed traffic for half an hour, while keys turn and tokens are
 * revoked. After the warm-up neither memory nor descriptors may grow, and no answer may be wrong.
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createTerminal } from "../../../packages/cli/src/terminal.ts";
import { skipWithoutRedis, startRedis } from "../../../packages/server/test/kit/start-redis.ts";
import { Changes } from "./changes.ts";
import { Sampler } from "./sampler.ts";
import { startSidecar } from "./sidecar.ts";
import { countReasons, findMisses, judgeProcess, renderReport, type SoakReport } from "./soak-report.ts";
import { Tokens } from "./tokens.ts";
import { Traffic } from "./traffic.ts";
import { fillMemories } from "./warm-up.ts";

const USAGE = "Usage: npm run soak -- [--quick | --minutes N] [--json FILE]";
const MOST_MINUTES = 1440;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    minutes: { type: "string", default: "30" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
const minutes = Number(values.minutes);
if (!(minutes >= 1 && minutes <= MOST_MINUTES)) {
  console.error(`expected --minutes from 1 to ${MOST_MINUTES}\n${USAGE}`);
  process.exit(2);
}
if (process.platform !== "linux") {
  console.error("the soak reads what processes take from /proc, which only Linux has");
  process.exit(2);
}
const scale = values.quick
  ? { measuredSeconds: 50, settlingSeconds: 10, everyMs: 1000, turnSeconds: 16, perSecond: 500 }
  : { measuredSeconds: minutes * 60, settlingSeconds: 60, everyMs: 5000, turnSeconds: 30, perSecond: 500 };

const folder = await mkdtemp(path.join(tmpdir(), "countersign-soak-"));
const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
// Whatever ends the run, its servers end with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stopEverything(1));
try {
  await stopEverything(await soak());
} catch (error) {
  console.error(error);
  await stopEverything(1);
}

async function stopEverything(exitCode: number): Promise<never> {
  for (const stop of stops.splice(0).toReversed()) await stop().catch(() => undefined);
  return process.exit(exitCode);
}

async function soak(): Promise<number> {
  const startedMs = performance.now();
  tell("starting countersign serve with two workers");
  const onStop = (stop: () => Promise<unknown>): void => void stops.push(stop);
  const redis = skipWithoutRedis() === false ? await startRedis() : undefined;
  if (redis !== undefined) onStop(() => redis.stop());
  const store = redis === undefined ? "SQLite" : "Redis";
  const sidecar = await startSidecar({ folder, everyMs: scale.everyMs, redisUrl: redis?.url, onStop });
  const tokens = new Tokens(sidecar.issuer);
  const traffic = new Traffic(tokens, sidecar.decision);
  tell("warming up: every bounded memory is filled");
  await fillMemories({ tokens, traffic });
  const changes = new Changes({ sidecar, tokens, traffic, everySeconds: scale.turnSeconds });
  const ending = new AbortController();
  const changing = changes.run(ending.signal);
  traffic.start(scale.perSecond);
  // Where changes fail, there is nothing more to measure.
  await Promise.race([pause(scale.settlingSeconds * 1000), changing]);
  const warmUpSeconds = (performance.now() - startedMs) / 1000;
  tell(`measuring for ${scale.measuredSeconds} s`);
  const sampler = await Sampler.create(sidecar.tellingFolder, sidecar.pid);
  const measuredMs = performance.now();
  while (performance.now() - measuredMs < scale.measuredSeconds * 1000) {
    await sampler.sample();
    // As a Prometheus does it.
    await sidecar.metrics();
    await Promise.race([pause(scale.everyMs), changing]);
  }
  const measuredSeconds = (performance.now() - measuredMs) / 1000;
  ending.abort();
  await changing;
  const findings = {
    store,
    measuredSeconds,
    warmUpSeconds,
    wantedPerSecond: scale.perSecond,
    traffic: await traffic.stop(),
    rotations: changes.rotations,
    revocations: changes.revocations,
    reasons: countReasons(await sidecar.metrics()),
    processes: sampler.processes.map(judgeProcess),
  };
  return finish({ ...findings, misses: findMisses(findings) }, sidecar.lastWords());
}

async function finish(report: SoakReport, lastWords: string): Promise<number> {
  console.log(renderReport(report, createTerminal().paint));
  if (values.json !== undefined) {
    // npm runs this in the root; the file is meant from where the user stands.
    const file = path.resolve(process.env["INIT_CWD"] ?? ".", values.json);
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (report.misses.length === 0) return 0;
  if (lastWords !== "") tell(`what the sidecar wrote last:\n${lastWords}`);
  return 1;
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
