/** Revocations of nothing: whoever has seen the newest knows how far behind it is even when nobody revokes anything. */

import type { Revocation } from "countersign";

import type { FeedChange } from "../stores/revocation-store.ts";

/** Of no token: a name that no issuer may have here. */
export const CANARY_ISSUER = "urn:countersign:canary";
export const CANARY_INTERVAL_MS = 10_000;
const CANARY_LIFE_MS = 60_000;

/** The canary of the interval in which `nowMs` lies: whoever makes it, it is the same. */
export function createCanary(nowMs: number, actor: string): Revocation {
  const slot = Math.floor(nowMs / CANARY_INTERVAL_MS);
  const startMs = slot * CANARY_INTERVAL_MS;
  return {
    id: `canary-${slot}`,
    target: { kind: "token", issuer: CANARY_ISSUER, value: `canary-${slot}` },
    status: "revoked",
    actor,
    reason: "canary",
    createdAtMs: Math.floor(nowMs),
    expiresAtMs: startMs + CANARY_INTERVAL_MS + CANARY_LIFE_MS,
  };
}

/** When it was issued, in milliseconds since the epoch; undefined for what is no canary. */
export function readCanary(change: FeedChange): number | undefined {
  if (change.type !== "revoked" || change.revocation.target.issuer !== CANARY_ISSUER) return undefined;
  return change.revocation.createdAtMs;
}
