/** A key leaks: from the command until the last instance has let in the last token of it. */

import { setTimeout as pause } from "node:timers/promises";
import { findBounds, listNext } from "@countersign/signing-keys";
import { describeQuestion } from "../revocation/decision-connection.ts";
import type { Instance } from "../revocation/instance.ts";
import { runKeys } from "./keys-command.ts";
import type { Load } from "./load.ts";
import type { World } from "./world.ts";

export interface EmergencyFigures {
  readonly emergencies: number;
  /** From the beginning of the command, as it says itself, to the last acceptance that a client saw, per instance. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The same from the start of the process: a runtime has to start and code to be loaded. */
  readonly fromSpawnP99Ms: number;
  /** Instances whose own word for the last acceptance is earlier than what a client saw. */
  readonly underreported: number;
  /** Acceptances after the command had said that all refuse. */
  readonly wrongAcceptances: number;
}

/** A client's clock runs from before it asked; what it saw may be older by this. */
const TOLERANCE_MS = 100;
const ASK_MS = 5;

interface Watched {
  readonly instance: Instance;
  /** When the last question that was answered with 200 had been answered. */
  lastAcceptedMs: number;
}

export async function runEmergencies(
  world: World,
  { load, count }: { readonly load: Load; readonly count: number },
): Promise<EmergencyFigures> {
  const [times, spawned]: [number[], number[]] = [[], []];
  let [underreported, wrongAcceptances] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    await awaitRipe(world);
    const one = await runEmergency(world, load);
    times.push(...one.times);
    spawned.push(...one.spawned);
    underreported += one.underreported;
    wrongAcceptances += one.wrongAcceptances;
  }
  const at = (list: readonly number[], share: number): number => {
    const sorted = list.toSorted((left, right) => left - right);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  };
  return {
    emergencies: count,
    p50Ms: at(times, 0.5),
    p99Ms: at(times, 0.99),
    maxMs: at(times, 1),
    fromSpawnP99Ms: at(spawned, 0.99),
    underreported,
    wrongAcceptances,
  };
}

/** An emergency finds a key that every verifier knows. */
async function awaitRipe(world: World): Promise<void> {
  for (;;) {
    const ledger = await world.readLedger();
    const nowMs = Date.now();
    const [next] = listNext(ledger);
    if (next === undefined) throw new Error("no key stands by");
    const waitMs = (next.publishedAtMs ?? 0) + findBounds(ledger, { nowMs }).promote.ms - nowMs;
    if (waitMs <= 0) return;
    await pause(waitMs);
  }
}

interface Told {
  readonly verifier: string;
  readonly status: string;
  readonly lastAcceptedAtMs?: number;
  readonly acceptedAfterMs?: number;
}

async function runEmergency(
  world: World,
  load: Load,
): Promise<{
  readonly times: readonly number[];
  readonly spawned: readonly number[];
  readonly underreported: number;
  readonly wrongAcceptances: number;
}> {
  const leaked = await world.activeKid();
  const question = describeQuestion(await world.steal(leaked));
  const first = await Promise.all(world.instances.map((instance) => instance.ask(question)));
  if (first.some((status) => status !== 200))
    throw new Error(`a stolen token was answered ${first.join(" ")}`);
  const watched = world.instances.map((instance): Watched => ({ instance, lastAcceptedMs: Date.now() }));
  const ending = new AbortController();
  const watching = watched.map((each) => watch(each, { question, signal: ending.signal }));
  load.revoked.add(leaked);
  const spawnedMs = Date.now();
  const { json } = await runKeys(world.configuration, ["revoke", leaked, "--emergency", "--reason", "drill"]);
  const told = json["instances"] as readonly Told[];
  ending.abort();
  await Promise.all(watching);
  const after = await Promise.all(world.instances.map((instance) => instance.ask(question)));
  const late = told.filter(({ status }) => status !== "refuses");
  if (late.length > 0)
    throw new Error(`after an emergency ${late.map(({ verifier }) => verifier).join(", ")} accept`);
  const [one] = told;
  const startedMs = (one?.lastAcceptedAtMs ?? spawnedMs) - (one?.acceptedAfterMs ?? 0);
  const underreported = watched.filter(({ instance, lastAcceptedMs }) => {
    const own = told.find(({ verifier }) => verifier === instance.name)?.lastAcceptedAtMs ?? 0;
    return own < lastAcceptedMs - TOLERANCE_MS;
  });
  return {
    times: watched.map(({ lastAcceptedMs }) => Math.max(0, lastAcceptedMs - startedMs)),
    spawned: watched.map(({ lastAcceptedMs }) => Math.max(0, lastAcceptedMs - spawnedMs)),
    underreported: underreported.length,
    wrongAcceptances: after.filter((status) => status === 200).length,
  };
}

async function watch(
  watched: Watched,
  { question, signal }: { readonly question: string; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    if ((await watched.instance.ask(question)) === 200) watched.lastAcceptedMs = Date.now();
    await pause(ASK_MS);
  }
}
