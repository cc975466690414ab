/** What verifiers see of the JWKS while keys rotate by the ledger's own rules; and whether they refuse good tokens. */

import {
  addKey,
  createJwks,
  createLedger,
  findActive,
  findPromoteTime,
  findRemoveTime,
  type KeyLedger,
  type KeyRecord,
  promoteKey,
  publishKey,
  removeKey,
} from "@countersign/signing-keys";
import type { Schedule } from "./schedule.ts";

export interface Rotation {
  readonly publishedAtMs: number;
  readonly promotedAtMs: number;
  readonly removedAtMs: number;
  readonly oldKeyId: string;
  readonly newKeyId: string;
  /** What the origin shows from when on. */
  readonly shown: readonly { readonly fromMs: number; readonly keyIds: ReadonlySet<string> }[];
}

/** How much of its bound each step waits for; 1 is all of it. */
export interface Patience {
  readonly promote: number;
  readonly remove: number;
}

/** Runs one rotation through the real steps. An impatient one has to call itself an emergency: the steps refuse it otherwise. */
export function runRotation(
  timing: Schedule["timing"],
  {
    keys,
    patience,
  }: { readonly keys: readonly [KeyRecord, KeyRecord, KeyRecord]; readonly patience: Patience },
): Rotation {
  const [oldKey, newKey, standby] = keys;
  const startMs = 1_000_000_000;
  const context = (nowMs: number, isEmergency: boolean) => {
    return { nowMs, actor: "simulation", ...(isEmergency && { isEmergency, reason: "impatience" }) };
  };
  const start = createLedger({ issuer: "https://idp.example.com/", timing });
  let ledger = keys.reduce((held, key) => addKey(held, key, context(startMs, false)), start);
  ledger = publishKey(ledger, { ...context(startMs, false), keyId: oldKey.keyId });
  ledger = promoteKey(ledger, { ...context(startMs, false), keyId: oldKey.keyId });
  const before = ledger;
  const publishedAtMs = startMs + 10_000_000;
  for (const { keyId } of [newKey, standby]) {
    ledger = publishKey(ledger, { ...context(publishedAtMs, false), keyId });
  }
  const published = ledger;
  const promoteAtMs = requireTime(
    findPromoteTime(ledger, requireKey(ledger, newKey), { nowMs: publishedAtMs }),
  );
  const promotedAtMs = publishedAtMs + Math.floor((promoteAtMs - publishedAtMs) * patience.promote);
  ledger = promoteKey(ledger, { ...context(promotedAtMs, patience.promote < 1), keyId: newKey.keyId });
  const removeAtMs = requireTime(findRemoveTime(ledger, requireKey(ledger, oldKey), { nowMs: promotedAtMs }));
  const removedAtMs = promotedAtMs + Math.floor((removeAtMs - promotedAtMs) * patience.remove);
  const removed = removeKey(ledger, { ...context(removedAtMs, patience.remove < 1), keyId: oldKey.keyId });
  if (findActive(removed)?.keyId !== newKey.keyId) throw new Error("the rotation did not end as it should");
  const show = (held: KeyLedger, fromMs: number) => {
    return { fromMs, keyIds: new Set(createJwks(held, fromMs).keyIds) };
  };
  const shown = [
    show(before, Number.NEGATIVE_INFINITY),
    show(published, publishedAtMs),
    show(ledger, promotedAtMs),
    show(removed, removedAtMs),
  ];
  return { publishedAtMs, promotedAtMs, removedAtMs, oldKeyId: oldKey.keyId, newKeyId: newKey.keyId, shown };
}

/** Good tokens that were refused because the verifier's copy lacked the key, for want of which step's patience. */
export function countRefusals(schedule: Schedule, rotation: Rotation): { promote: number; remove: number } {
  const { timing, tokens, verifiers } = schedule;
  const refused = { promote: 0, remove: 0 };
  for (const token of tokens) {
    const verifier = verifiers[token.verifier % verifiers.length];
    if (verifier === undefined) continue;
    const copyAt = (ms: number) => findCopy(schedule, { verifier, rotation, ms });
    const lifetimeMs = token.lifetime * timing.tokenLifetimeSeconds * 1000;
    // How far its life reaches on a true clock: signed by a clock that is ahead, judged by one that is behind.
    const errorMs = (token.clockError - verifier.clockError) * timing.clockErrorSeconds * 1000;
    const goodForMs = lifetimeMs + timing.leewaySeconds * 1000 + errorMs;
    if (goodForMs <= 0) continue;
    const shownAfterMs = Math.min(token.shownAt * goodForMs, goodForMs - 1);
    // By the new key, from the first instant that a signer may use it.
    const early =
      rotation.promotedAtMs + token.signedAfter * (timing.clientCacheSeconds + timing.staleSeconds) * 500;
    for (const ms of [early, early + Math.max(0, shownAfterMs)]) {
      if (copyAt(ms)?.has(rotation.newKeyId) === false) refused.promote += 1;
    }
    // By the old key, until the last instant that a signer may use it.
    const late = rotation.promotedAtMs + token.switchLag * timing.switchSeconds * 1000;
    if (copyAt(late + Math.max(0, shownAfterMs))?.has(rotation.oldKeyId) === false) refused.remove += 1;
  }
  return refused;
}

interface CopyQuery {
  readonly verifier: Schedule["verifiers"][number];
  readonly rotation: Rotation;
  readonly ms: number;
}

/** What a verifier that never asks out of turn holds at an instant; undefined where it holds nothing and cannot judge. */
function findCopy(
  schedule: Schedule,
  { verifier, rotation, ms }: CopyQuery,
): ReadonlySet<string> | undefined {
  const { timing, edges } = schedule;
  const edge = edges[verifier.edge % edges.length];
  if (edge === undefined) return undefined;
  const lifetimeMs = Math.max(1, verifier.lifetime * timing.clientCacheSeconds * 1000);
  const staleMs = verifier.stale * timing.staleSeconds * 1000;
  // An outage somewhere between a while before the key was published and the end.
  const from = rotation.publishedAtMs - lifetimeMs;
  const outageStart = from + verifier.outage.start * (rotation.removedAtMs - from);
  const outageEnd = outageStart + verifier.outage.length * (lifetimeMs + staleMs);
  const isOut = (at: number): boolean => at >= outageStart && at < outageEnd;
  // By its period it fetches just before, just after or anywhere around the change.
  let fetchedAt = rotation.publishedAtMs - verifier.phase * lifetimeMs - 3 * lifetimeMs;
  if (isOut(fetchedAt)) return undefined;
  for (;;) {
    let next = fetchedAt + lifetimeMs;
    if (isOut(next)) next = outageEnd;
    if (next > ms) break;
    fetchedAt = next;
  }
  if (ms > fetchedAt + lifetimeMs + staleMs) return undefined;
  return findEdgeCopy(schedule, { edge, rotation, ms: fetchedAt });
}

interface EdgeQuery {
  readonly edge: Schedule["edges"][number];
  readonly rotation: Rotation;
  readonly ms: number;
}

/** What an edge gives out: what its replica showed when the edge fetched last. */
function findEdgeCopy(
  { timing, replicaLags }: Schedule,
  { edge, rotation, ms }: EdgeQuery,
): ReadonlySet<string> {
  const periodMs = edge.lifetime * timing.sharedCacheSeconds * 1000;
  const phaseMs = rotation.publishedAtMs + edge.phase * periodMs;
  // The last instant of its period that is not after; a copy is as old as the period at most.
  const fetchedAt = periodMs < 1 ? ms : phaseMs + Math.floor((ms - phaseMs) / periodMs) * periodMs;
  const lagMs = (replicaLags[edge.replica % replicaLags.length] ?? 0) * timing.publishSeconds * 1000;
  const shown = rotation.shown.findLast(({ fromMs }) => fromMs + lagMs <= fetchedAt);
  if (shown === undefined) throw new Error("an origin shows something at all times");
  return shown.keyIds;
}

function requireKey({ keys }: KeyLedger, { keyId }: KeyRecord): KeyRecord {
  const key = keys.find((each) => each.keyId === keyId);
  if (key === undefined) throw new Error("the key is gone");
  return key;
}

function requireTime(ms: number | undefined): number {
  if (ms === undefined) throw new Error("the key has no such time");
  return ms;
}
