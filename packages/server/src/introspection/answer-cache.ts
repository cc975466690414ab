/**
 * Answers that were given, for as long as they may be believed. What is kept are claims, and not whether they sufficed:
 * every rule, and every route's requirement, is judged again at each request, at its time.
 */

import { createHash } from "node:crypto";

import { LRUCache } from "lru-cache";

import type { IntrospectedIssuer } from "../config/introspection-configuration.ts";
import type { IntrospectionAnswer } from "./read-answer.ts";

export interface AnswerCache {
  /** Under what a token's answer is kept: for this issuer, endpoint, client and audience alone. Never the token itself. */
  nameKey(token: string): string;
  find(key: string): IntrospectionAnswer | undefined;
  keep(key: string, answer: IntrospectionAnswer): void;
}

/** Of all answers together, beside the number of entries. */
const MAX_BYTES = 33_554_432;
/** What an entry takes beside its claims, about. */
const ENTRY_BYTES = 256;

export function createAnswerCache(asked: IntrospectedIssuer, clock: () => number): AnswerCache {
  const { issuer, audiences, introspection } = asked;
  const { endpoint, clientId, cacheSeconds, negativeCacheSeconds, maxCacheEntries } = introspection;
  const scope = JSON.stringify([issuer, endpoint, clientId, audiences]);
  // Time is read for every question: an answer must not outlive its token by the resolution of a cache.
  const timed = { ttlResolution: 0, perf: { now: clock } };
  const active = new LRUCache<string, IntrospectionAnswer>({
    ...timed,
    max: maxCacheEntries,
    maxSize: MAX_BYTES,
    sizeCalculation: (answer) =>
      ENTRY_BYTES + (answer.kind === "active" ? JSON.stringify(answer.claims).length : 0),
  });
  // Apart, so that whoever invents tokens does not push out what is known of good ones.
  const inactive = new LRUCache<string, IntrospectionAnswer>({ ...timed, max: maxCacheEntries });
  return {
    nameKey: (token) => createHash("sha256").update(scope).update("\0").update(token).digest("base64url"),
    find: (key) => active.get(key) ?? inactive.get(key),
    keep(key, answer) {
      if (answer.kind === "inactive") {
        active.delete(key);
        if (negativeCacheSeconds > 0) inactive.set(key, answer, { ttl: negativeCacheSeconds * 1000 });
        return;
      }
      const seconds = boundByExpiry(cacheSeconds, answer, clock());
      if (seconds > 0) active.set(key, answer, { ttl: seconds * 1000 });
    },
  };
}

function boundByExpiry(
  seconds: number,
  { claims }: Extract<IntrospectionAnswer, { readonly kind: "active" }>,
  nowMs: number,
): number {
  const { exp } = claims;
  // An `exp` that is no number is refused by the rules; it is no reason to keep the answer for longer.
  if (exp === undefined) return seconds;
  return typeof exp === "number" ? Math.min(seconds, exp - nowMs / 1000) : 0;
}
