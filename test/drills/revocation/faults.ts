/** The same while something is wrong. */

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { TestRedis } from "../../../packages/server/test/kit/start-redis.ts";
import { fillStore } from "./fill-store.ts";
import type { Instance } from "./instance.ts";
import {
  awaitRefusal,
  type Book,
  countAccepted,
  listBehind,
  type Measured,
  measure,
  round,
} from "./measure.ts";

export interface RedisRestarted extends Measured {
  /** Answers while Redis was away that accepted what had been revoked before. */
  readonly acceptedWhileAway: number;
  /** From Redis' start until a new revocation was refused everywhere. */
  readonly recoveryMs: number;
}

export async function restartRedis(
  book: Book,
  {
    redis,
    instances,
    count,
  }: { readonly redis: TestRedis; readonly instances: readonly Instance[]; readonly count: number },
): Promise<RedisRestarted> {
  await redis.kill();
  const known = book.revoked.slice(-20);
  let acceptedWhileAway = 0;
  for (const token of known) {
    const statuses = await Promise.all(instances.map((instance) => instance.decide(token)));
    acceptedWhileAway += statuses.filter((status) => status === 200).length;
  }
  await pause(2000);
  const token = await book.sign();
  const startedMs = performance.now();
  await redis.start();
  for (;;) {
    const revoked = await book.revoke(token, instances[0] as Instance).then(
      () => true,
      () => false,
    );
    if (revoked) break;
    if (performance.now() - startedMs > 60_000) throw new Error("the store did not come back within 60 s");
  }
  await awaitRefusal(token, instances);
  const recoveryMs = round(performance.now() - startedMs);
  const latencies = await measure(book, { count, by: instances, instances });
  return {
    ...latencies,
    acceptedAfterAck: await countAccepted(book, instances),
    acceptedWhileAway,
    recoveryMs,
  };
}

export interface Frozen extends Measured {
  /** Whether the list of instances said that the frozen one was behind. */
  readonly namedAsBehind: boolean;
  /** Answers of a route that demands freshness, right after the thaw, that accepted what was revoked meanwhile. */
  readonly freshAccepted: number;
  /** From the thaw until it refused everything. */
  readonly catchUpMs: number;
}

export async function freezeInstance(
  book: Book,
  setup: { readonly instances: readonly Instance[]; readonly count: number; readonly frozenMs: number },
): Promise<Frozen> {
  const { instances, count, frozenMs } = setup;
  const frozen = instances.at(-1) as Instance;
  const others = instances.slice(0, -1);
  const sinceMs = performance.now();
  frozen.signal("SIGSTOP");
  const latencies = await measure(book, { count, by: others, instances: others });
  const namedAsBehind = (await listBehind(book, [...others, frozen])).includes(frozen.name);
  const missed = book.revoked.slice(-count);
  await pause(Math.max(0, frozenMs - (performance.now() - sinceMs)));
  // Asked while it stands still: answered first of all once it goes on.
  const fresh = missed.slice(0, 4).map((token) => frozen.decide(token, "/fresh"));
  await pause(50);
  const thawedMs = performance.now();
  frozen.signal("SIGCONT");
  const freshAccepted = (await Promise.all(fresh)).filter((status) => status === 200).length;
  for (const token of missed) await awaitRefusal(token, [frozen]);
  const catchUpMs = round(performance.now() - thawedMs);
  const acceptedAfterAck = await countAccepted(book, instances);
  return { ...latencies, acceptedAfterAck, namedAsBehind, freshAccepted, catchUpMs };
}

export interface Resynced {
  readonly entries: number;
  /** From the start of an instance's process until it was ready. */
  readonly readyMs: number;
  /** From when it listened, and answered 503, until it was ready. */
  readonly readMs: number;
  readonly residentMiB: number;
  readonly residentMiBWithout: number;
}

/** Starts an instance on a store with so many entries. */
export async function resync(
  redisUrl: string,
  { entries, start }: { readonly entries: number; start(redisUrl: string): Promise<Instance> },
): Promise<Resynced> {
  const without = await start(redisUrl);
  await awaitReady(without);
  const residentMiBWithout = await readResident(without.pid);
  await without.stop();
  await fillStore(redisUrl, entries);
  const startedMs = performance.now();
  const instance = await start(redisUrl);
  const listeningMs = performance.now();
  await awaitReady(instance);
  const [readyMs, readMs] = [performance.now() - startedMs, performance.now() - listeningMs];
  await pause(GAUGE_MS);
  const found = Number(/^countersign_revocation_entries (\d+)$/m.exec(await instance.metrics())?.[1]);
  const residentMiB = await readResident(instance.pid);
  await instance.stop();
  if (!(found >= entries * 0.99)) throw new Error(`expected ${entries} entries, found ${found}`);
  return { entries, readyMs: round(readyMs), readMs: round(readMs), residentMiB, residentMiBWithout };
}

const LONGEST_READY_MS = 300_000;
/** Gauges are brought up to date each second. */
const GAUGE_MS = 1200;

export async function awaitReady(instance: Instance): Promise<void> {
  const deadline = performance.now() + LONGEST_READY_MS;
  while (!(await instance.isReady())) {
    if (performance.now() > deadline) throw new Error("an instance is not ready");
    await pause(20);
  }
}

async function readResident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}
