/**
 * `npm run drill:revocation`: so many instances on one real Redis, and how long a revocation takes until the last of them
 * refuses; the same with Redis killed, an instance frozen, clocks that differ, and a store to read from its start; and
 * whether Prometheus and Alertmanager tell of an instance that stands still; and what is lost when `countersign serve` is
 * killed in the middle of revocations.
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { startRedis, type TestRedis } from "../../../packages/server/test/kit/start-redis.ts";
import { skipWithoutMonitoring } from "../../kit/start-monitoring.ts";
import { type AlertFigures, watchStuckInstances } from "./alerts.ts";
import { type Crashed, killAmidRevocations } from "./crash.ts";
import { awaitReady, freezeInstance, restartRedis, resync } from "./faults.ts";
import { FeedRelay } from "./feed-relay.ts";
import { Instance } from "./instance.ts";
import { Book, countAccepted, type Measured, measure } from "./measure.ts";

const USAGE = "Usage: npm run drill:revocation -- [--quick] [--json FILE]";
const TARGET_P99_MS = 250;
/** Started at the same time; more only wait for a core. */
const STARTED_TOGETHER = 4;
const MAX_STALE_SECONDS = 3;
const SKEW_MS = 120_000;

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
  ? { instances: 8, revocations: 100, faulty: 20, skewed: 3, entries: 20_000, crashed: 400 }
  : { instances: 50, revocations: 1000, faulty: 100, skewed: 6, entries: 1_000_000, crashed: 10_000 };

const folder = await mkdtemp(path.join(tmpdir(), "countersign-drill-"));
const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
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

async function drill(): Promise<number> {
  const issuer = await createTestIssuer({ algorithms: ["ES256"] });
  const redis = await startOneRedis();
  tell(`starting ${scale.instances} instances`);
  const instances = await startFleet(
    issuer,
    redis,
    Array.from({ length: scale.instances }, () => 0),
  );
  const book = new Book(issuer);
  tell(`${scale.revocations} revocations`);
  const plain = await measureAll(book, instances, scale.revocations);
  print("all is well", plain);
  const redisRestarted = await restartRedis(book, { redis, instances, count: scale.faulty });
  print("Redis killed and restarted", redisRestarted);
  const frozenMs = (MAX_STALE_SECONDS + 2) * 1000;
  const frozen = await freezeInstance(book, { instances, count: scale.faulty, frozenMs });
  print("one instance frozen and thawed", frozen);
  await stopAll(instances);
  const clocks = await measureSkewed(issuer);
  print("clocks two minutes off either way", clocks);
  const resynced = await measureResync(issuer);
  print("read from its start", resynced);
  const alert = await measureAlerts(issuer);
  print("told of instances that stand still", alert);
  const crashed = await measureCrashes(issuer);
  print("killed in the middle of revocations", crashed);
  const faults = { redisRestarted, frozen, clocks, resync: resynced, alert, crashed };
  const misses = [
    ...findMisses({ plain, redisRestarted, frozen, clocks }),
    ...findAlertMisses(alert),
    ...Object.entries(crashed).flatMap(([store, { lost }]) =>
      lost === 0 ? [] : [`${store}: ${lost} acknowledged revocations were lost`],
    ),
  ];
  const report = { instances: scale.instances, ...plain, targetP99Ms: TARGET_P99_MS, faults, misses };
  if (values.json !== undefined) {
    // npm runs this in the root; the file is meant from where the user stands.
    await writeFile(
      path.resolve(process.env["INIT_CWD"] ?? ".", values.json),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  }
  for (const miss of misses) tell(`MISSED: ${miss}`);
  if (misses.length === 0) tell("every target is met");
  return misses.length === 0 ? 0 : 1;
}

async function startOneRedis(): Promise<TestRedis> {
  const redis = await startRedis();
  stops.push(() => redis.stop());
  return redis;
}

async function startFleet(
  issuer: TestIssuer,
  redis: TestRedis,
  skews: readonly number[],
): Promise<readonly Instance[]> {
  const instances: Instance[] = [];
  const queue = [...skews.entries()];
  const startSome = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, skewMs] = next;
      instances.push(await startInstance(issuer, { redisUrl: redis.url, name: `i-${index}`, skewMs }));
    }
  };
  await Promise.all(Array.from({ length: STARTED_TOGETHER }, startSome));
  await Promise.all(instances.map(awaitReady));
  return instances;
}

async function startInstance(
  issuer: TestIssuer,
  { redisUrl, name, skewMs }: { readonly redisUrl: string; readonly name: string; readonly skewMs: number },
): Promise<Instance> {
  const instance = await Instance.start({
    name,
    issuer: { ...issuer.validatorOptions(), clockToleranceSeconds: 300 },
    redisUrl,
    tokenFile: path.join(folder, `${name}.token`),
    maxStaleSeconds: MAX_STALE_SECONDS,
    skewMs,
  });
  stops.push(() => instance.stop());
  return instance;
}

async function measureAll(book: Book, instances: readonly Instance[], count: number): Promise<Measured> {
  const latencies = await measure(book, { count, by: instances, instances });
  return { ...latencies, acceptedAfterAck: await countAccepted(book, instances) };
}

async function measureSkewed(issuer: TestIssuer): Promise<Measured & { readonly skewSeconds: number }> {
  const redis = await startOneRedis();
  const skews = Array.from({ length: scale.skewed }, (_, index) => ((index % 3) - 1) * SKEW_MS);
  const instances = await startFleet(issuer, redis, skews);
  const measured = await measureAll(new Book(issuer), instances, scale.faulty);
  await stopAll(instances);
  return { ...measured, skewSeconds: SKEW_MS / 1000 };
}

async function measureResync(issuer: TestIssuer): ReturnType<typeof resync> {
  const redis = await startOneRedis();
  return resync(redis.url, {
    entries: scale.entries,
    start: (redisUrl) => startInstance(issuer, { redisUrl, name: "resync", skewMs: 0 }),
  });
}

/** `countersign serve` with each store that outlives it. */
async function measureCrashes(issuer: TestIssuer): Promise<Readonly<Record<"sqlite" | "redis", Crashed>>> {
  const redis = await startOneRedis();
  const kill = async (name: string, describe: (own: string) => object): Promise<Crashed> => {
    const own = path.join(folder, name);
    await mkdir(own);
    return killAmidRevocations({ issuer, store: describe(own), folder: own, count: scale.crashed, kills: 3 });
  };
  return {
    sqlite: await kill("sqlite", (own) => ({ sqlite: path.join(own, "revocations.db") })),
    redis: await kill("redis", () => ({ redis: { urls: [redis.url] } })),
  };
}

/** What is not installed is not measured, and said to be so. */
async function measureAlerts(issuer: TestIssuer): Promise<AlertFigures | { readonly skipped: string }> {
  const skipped = skipWithoutMonitoring();
  if (skipped !== false) return { skipped };
  const redis = await startOneRedis();
  const relay = await FeedRelay.start(redis.port);
  stops.push(() => relay.stop());
  const start = (name: string, redisUrl: string): Promise<Instance> =>
    startInstance(issuer, { redisUrl, name, skewMs: 0 });
  const names = ["well-1", "well-2", "frozen"];
  const [cut, ...others] = await Promise.all([
    start("cut", `redis://127.0.0.1:${relay.port}`),
    ...names.map((name) => start(name, redis.url)),
  ]);
  const instances = [...others, cut];
  await Promise.all(instances.map(awaitReady));
  const figures = await watchStuckInstances({
    instances,
    frozen: others.at(-1) as Instance,
    cut: { instance: cut, cut: () => relay.cut(), mend: () => relay.mend() },
    isQuick: values.quick,
    onStarted: (monitoring) => stops.push(() => monitoring.stop()),
  });
  await stopAll(instances);
  return figures;
}

function findAlertMisses(alert: Awaited<ReturnType<typeof measureAlerts>>): readonly string[] {
  if ("skipped" in alert) return [];
  return alert.falseAlerts === 0 ? [] : [`${alert.falseAlerts} alerts about instances that were well`];
}

async function stopAll(instances: readonly Instance[]): Promise<void> {
  await Promise.all(instances.map((instance) => instance.stop()));
}

function findMisses(found: {
  readonly plain: Measured;
  readonly redisRestarted: Awaited<ReturnType<typeof restartRedis>>;
  readonly frozen: Awaited<ReturnType<typeof freezeInstance>>;
  readonly clocks: Measured;
}): readonly string[] {
  const { plain, redisRestarted, frozen } = found;
  const accepted = Object.entries(found).flatMap(([name, { acceptedAfterAck }]) =>
    acceptedAfterAck > 0 ? [`${name}: ${acceptedAfterAck} accepted after they were acknowledged`] : [],
  );
  return [
    ...accepted,
    ...(plain.p99Ms < TARGET_P99_MS ? [] : [`p99 ${plain.p99Ms} ms, expected less than ${TARGET_P99_MS}`]),
    ...(redisRestarted.acceptedWhileAway === 0 ? [] : ["what was known was accepted while Redis was away"]),
    ...(frozen.namedAsBehind ? [] : ["the frozen instance was not named as behind"]),
    ...(frozen.freshAccepted === 0 ? [] : ["a route that demands freshness accepted what was revoked"]),
  ];
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(name: string, measured: object): void {
  console.log(`${name}: ${JSON.stringify(measured)}`);
}
