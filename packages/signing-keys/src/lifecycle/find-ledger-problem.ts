import { createPublicJwk } from "../create-public-jwk.ts";
import { findTimingProblem } from "../planner/timing.ts";
import {
  isPublished,
  KEY_STATES,
  type KeyLedger,
  type KeyRecord,
  MAX_HISTORY,
  MAX_KEYS,
  MAX_PENDING,
  MAX_PUBLISHED_KEYS,
} from "./key-ledger.ts";

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/** Which rule the ledger breaks, in words; undefined where it keeps all of them. */
export function findLedgerProblem(ledger: KeyLedger): string | undefined {
  const { keys, timing, maxAgeSeconds, version } = ledger;
  if (!Number.isSafeInteger(version) || version < 1) return "the version is no whole number from 1 on";
  const timingProblem = findTimingProblem(timing);
  if (timingProblem !== undefined) return `the timing has ${timingProblem}`;
  if (!(maxAgeSeconds >= 1 && maxAgeSeconds <= Math.max(1, timing.clientCacheSeconds))) {
    return "maxAgeSeconds is not from 1 to clientCacheSeconds (C), which counts on it";
  }
  if (!(ledger.retentionSeconds >= 0 && ledger.retentionSeconds <= 31_622_400)) {
    return "retentionSeconds is not from 0 to 31622400";
  }
  const sizes =
    keys.length <= MAX_KEYS && ledger.pending.length <= MAX_PENDING && ledger.history.length <= MAX_HISTORY;
  if (!sizes) return `there are more than ${MAX_KEYS} keys, ${MAX_PENDING} pending or ${MAX_HISTORY} records`;
  if (keys.filter(isPublished).length > MAX_PUBLISHED_KEYS)
    return `more than ${MAX_PUBLISHED_KEYS} are published`;
  if (new Set(keys.map(({ keyId }) => keyId)).size !== keys.length) return "two keys have one kid";
  if (new Set(keys.map(({ label }) => label)).size !== keys.length) return "two keys have one label";
  const active = keys.filter(({ state }) => state === "active").length;
  const isStarted = keys.some(({ activatedAtMs }) => activatedAtMs !== undefined);
  if (active > 1 || (active === 0 && isStarted)) return `${active} keys are active, and not one`;
  return keys.map(findKeyProblem).find((problem) => problem !== undefined);
}

function findKeyProblem(key: KeyRecord): string | undefined {
  const { keyId, label, algorithm, state, reference, publicJwk } = key;
  const name = `the key ${keyId.slice(0, 64)}`;
  if (!KEY_STATES.includes(state)) return `${name} is in no known state`;
  if (!/^[a-z0-9-]{1,64}$/.test(label)) return `${name} has a label that is not 1 to 64 of a-z 0-9 -`;
  const inner = createPublicJwk(algorithm, publicJwk);
  if (inner.kid !== keyId || publicJwk.kid !== keyId || reference.keyId !== keyId) {
    return `${name} has another thumbprint`;
  }
  if (publicJwk.alg !== algorithm || reference.algorithm !== algorithm) return `${name} has two algorithms`;
  if (reference.label !== label || reference.id.length > 1024)
    return `${name} has a reference of another key`;
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(publicJwk, member))) {
    return `${name} shows private members`;
  }
  if (isPublished(key) && key.publishedAtMs === undefined) return `${name} is published since no time`;
  if (state === "active" && key.activatedAtMs === undefined) return `${name} is active since no time`;
  if (state === "retiring" && key.removeAtMs === undefined) return `${name} is never removed`;
  return undefined;
}
