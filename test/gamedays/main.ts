/**
 * `npm run gameday`: harm is done to a running fleet with real Prometheus, Alertmanager and Redis, and it is measured who
 * notices, when somebody is told, and whether what heals it does. Exits 1 where a target is missed.
 */

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { createAlertPath } from "./alert-path.ts";
import { createGameDay } from "./harm.ts";
import { KEY_HARMS } from "./keys.ts";
import { createRevocationPartition } from "./revocation-partition.ts";
import { type GameDay, type GameDayScore, scoreGameDay } from "./scenario.ts";
import { STORE_HARMS } from "./stores.ts";
import { TOKEN_HARMS } from "./tokens.ts";
import { writeReport } from "./write-report.ts";

const USAGE =
  "Usage: npm run gameday -- [--quick] [--json FILE] [--report FOLDER] [--only F9-silent,F11-webhook]";
const GAME_DAYS: readonly GameDay[] = [
  ...[...TOKEN_HARMS, ...KEY_HARMS, ...STORE_HARMS].map(createGameDay),
  createRevocationPartition("refused"),
  createRevocationPartition("silent"),
  createAlertPath("alertmanager"),
  createAlertPath("webhook"),
].toSorted((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }));
const QUICK = new Set(["F1-signature", "F9-refused"]);

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string" },
    report: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}
const stops: (() => Promise<unknown>)[] = [];
// Whatever ends the run, its servers end with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stopAll().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  });
}
process.exit(await runAll());

async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop().catch(() => undefined);
}

function chooseGameDays(): readonly GameDay[] {
  const only = values.only?.split(",");
  const unknown = only?.filter((id) => !GAME_DAYS.some((day) => day.id === id)) ?? [];
  if (unknown.length > 0) {
    console.error(`no game day ${unknown.join(", ")}; there are ${GAME_DAYS.map(({ id }) => id).join(", ")}`);
    process.exit(2);
  }
  if (only !== undefined) return GAME_DAYS.filter(({ id }) => only.includes(id));
  return values.quick ? GAME_DAYS.filter(({ id }) => QUICK.has(id)) : GAME_DAYS;
}

async function runAll(): Promise<number> {
  const scores: GameDayScore[] = [];
  for (const day of chooseGameDays()) {
    const score = await runOne(day);
    scores.push(score);
    console.log(`${score.passed ? "passed" : "FAILED"} ${JSON.stringify(score)}`);
  }
  // npm runs this in the root; what is named is meant from where the user stands.
  const resolve = (name: string): string => path.resolve(process.env["INIT_CWD"] ?? ".", name);
  if (values.json !== undefined)
    await writeFile(resolve(values.json), `${JSON.stringify(scores, null, 2)}\n`);
  if (values.report !== undefined) await writeReport(scores, resolve(values.report));
  return scores.every(({ passed }) => passed) ? 0 : 1;
}

/** One that does not come to its end is aborted, and everything that it started is stopped: it has failed. */
async function runOne(day: GameDay): Promise<GameDayScore> {
  process.stderr.write(`${day.id}: ${day.title}\n`);
  try {
    return scoreGameDay(
      day,
      await day.run((stop) => {
        stops.push(stop);
      }),
    );
  } catch (error) {
    const nothing = {
      detectMs: -1,
      alertMs: -1,
      healMs: -1,
      wronglyRefused: -1,
      wronglyAccepted: -1,
      asked: 0,
    };
    const misses = [`aborted: ${error instanceof Error ? error.message : String(error)}`];
    return {
      ...{ id: day.id, title: day.title, ...nothing, unexpectedAlerts: [], healedBy: "" },
      misses,
      passed: false,
    };
  } finally {
    await stopAll();
  }
}
