/**
 * `npm run drill:rotation`: keys turn under load, as a pipeline turns them, and nobody may notice: neither a good token
 * refused nor one of a removed key accepted. The same with an instance that stands still, a JWKS that fails in each step
 * and the rotating process killed with each change; and how long a leaked key lives after the command that kills it.
 */

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type EmergencyFigures, runEmergencies } from "./emergencies.ts";
import { Load } from "./load.ts";
import {
  type FrozenFigures,
  Loot,
  rotateOnce,
  rotateWithFrozen,
  rotateWithKills,
  rotateWithOutages,
} from "./rotations.ts";
import { FORGOTTEN_MS } from "./timing.ts";
import { startWorld, type World } from "./world.ts";

const USAGE = "Usage: npm run drill:rotation -- [--quick] [--json FILE]";
const TARGET_EMERGENCY_P99_MS = 1000;
/** The frozen one, the one with outages, and the one with kills. */
const FAULTY_ROTATIONS = 3;
/** What a rotation writes. After "reserve" a key is being made; what was made is published within milliseconds. */
const KILLED = ["begin", "reserve", "publish", "promote", "remove"];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
const scale = values.quick
  ? { instances: 3, rotations: 1, emergencies: 1, perSecond: 100 }
  : { instances: 5, rotations: 20, emergencies: 12, perSecond: 500 };

const stops: (() => Promise<unknown>)[] = [];
// Whatever ends the run, its servers end with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stopEverything(1));
try {
  await stopEverything(await drill());
} catch (error) {
  console.error(error);
  await stopEverything(1);
}

async function stopEverything(exitCode: number): Promise<never> {
  for (const stop of stops.splice(0).toReversed()) await stop().catch(() => undefined);
  return process.exit(exitCode);
}

interface Faults {
  readonly frozen: FrozenFigures;
  readonly outages: { readonly outages: readonly string[] };
  readonly kills: { readonly kills: readonly string[] };
}

async function drill(): Promise<number> {
  tell(`starting ${scale.instances} sidecars, the identity provider and its cache`);
  const world = await startWorld(scale.instances, (stop) => stops.push(stop));
  const load = new Load(world, scale.perSecond);
  const loot = new Loot(world);
  await load.start();
  for (let index = 0; index < scale.rotations; index += 1) {
    await rotateOnce(world, loot);
    tell(`rotation ${index + 1} of ${scale.rotations}`);
  }
  const faults = await rotateWithFaults(world, { load, loot });
  const emergency = await runEmergencies(world, { load, count: scale.emergencies });
  print("emergencies", emergency);
  await pause(FORGOTTEN_MS);
  await loot.check();
  const figures = await load.stop();
  const wrongAcceptances = loot.wrongAcceptances + emergency.wrongAcceptances;
  const report = {
    instances: scale.instances,
    rotations: scale.rotations + FAULTY_ROTATIONS,
    wantedPerSecond: scale.perSecond,
    ...figures,
    wrongAcceptances,
    acceptanceChecks: loot.checks,
    emergencyP99Ms: emergency.p99Ms,
    targetEmergencyP99Ms: TARGET_EMERGENCY_P99_MS,
    faults: { ...faults, emergency },
  };
  const misses = findMisses(report);
  print("all together", { ...report, faults: undefined });
  await writeReport({ ...report, misses });
  for (const miss of misses) tell(`MISSED: ${miss}`);
  if (misses.length === 0) tell("every target is met");
  return misses.length === 0 ? 0 : 1;
}

async function rotateWithFaults(
  world: World,
  { load, loot }: { readonly load: Load; readonly loot: Loot },
): Promise<Faults> {
  const frozen = await rotateWithFrozen(world, { load, loot });
  print("an instance stands still", frozen);
  const outages = await rotateWithOutages(world, loot);
  print("the JWKS fails in each step", outages);
  const kills = await rotateWithKills(world, loot);
  print("the rotating process is killed with each change", kills);
  return { frozen, outages, kills };
}

interface Judged {
  readonly wrongRefusals: number;
  readonly issuingFailures: number;
  readonly wrongAcceptances: number;
  readonly validations: number;
  readonly acceptanceChecks: number;
  readonly mistakes: readonly string[];
  readonly faults: Faults & { readonly emergency: EmergencyFigures };
}

function findMisses(report: Judged): readonly string[] {
  const { faults, wrongRefusals, wrongAcceptances, mistakes } = report;
  const { frozen, outages, kills, emergency } = faults;
  return [
    ...(report.issuingFailures === 0 ? [] : [`no token was given out: ${mistakes.join("; ")}`]),
    ...(wrongRefusals === 0 ? [] : [`${wrongRefusals} good tokens were refused: ${mistakes.join("; ")}`]),
    ...(wrongAcceptances === 0
      ? []
      : [`${wrongAcceptances} tokens of removed or revoked keys were accepted`]),
    ...(report.validations > 0 && report.acceptanceChecks > 0 ? [] : ["nothing was asked"]),
    ...(frozen.isHeld ? [] : ["the rotation did not wait for an instance that stood still"]),
    ...(["publish", "promote", "remove"].every((step) => outages.outages.includes(step))
      ? []
      : ["the JWKS did not fail in each step"]),
    ...(KILLED.every((kind) => kills.kills.includes(kind))
      ? []
      : [`the process was killed with ${kills.kills.join(", ")} only`]),
    ...(emergency.p99Ms < TARGET_EMERGENCY_P99_MS
      ? []
      : [
          `a leaked key lived for ${emergency.p99Ms} ms (p99), expected less than ${TARGET_EMERGENCY_P99_MS}`,
        ]),
    ...(emergency.underreported === 0 ? [] : ["an instance told an earlier last acceptance than there was"]),
  ];
}

async function writeReport(report: object): Promise<void> {
  if (values.json === undefined) return;
  // npm runs this in the root; the file is meant from where the user stands.
  const file = path.resolve(process.env["INIT_CWD"] ?? ".", values.json);
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(name: string, figures: object): void {
  console.log(`${name}: ${JSON.stringify(figures)}`);
}
