/**
 * Tokens that were had for others, for as long as they may be used again. An entry belongs to one client's token, its
 * issuer and one exchange. It is looked up only for a token that was judged good just now, so that what is revoked,
 * expired or no longer trusted is not looked up at all.
 */

import { createHash } from "node:crypto";

import { LRUCache } from "lru-cache";

import type { NamedExchange } from "../config/exchange-configuration.ts";
import type { ExchangeAnswer } from "./ask-token-endpoint.ts";
import { TOKEN_TYPES } from "./exchanged-token.ts";

export interface TokenMemory {
  /** Under what an answer for this token is kept. Never the token itself. */
  nameKey(subject: SubjectToken): string;
  find(key: string): ExchangeAnswer | undefined;
  keep(key: string, entry: NewEntry): void;
}

/** The client's token, which was judged good. */
export interface SubjectToken {
  readonly text: string;
  /** Its `iss`. */
  readonly issuer: string;
  /** Milliseconds since the epoch; Infinity where it has no end. */
  readonly expiresAt: number;
}

export interface NewEntry {
  readonly answer: ExchangeAnswer;
  readonly subject: SubjectToken;
  /** Milliseconds since the epoch at which the endpoint was asked: the new token was issued later than that. */
  readonly askedAt: number;
}

/** Of all tokens together, beside the number of entries. */
const MAX_BYTES = 33_554_432;
/** What an entry takes beside its token, about. */
const ENTRY_BYTES = 256;
/** How long before its end a token is no longer used: the upstream's clock, and the time on the way. */
const MARGIN_SECONDS = 10;
/** Of tokens that live for less than a minute: a part of what they have. */
const MARGIN_SHARE = 6;

export function createTokenMemory({ name, exchange }: NamedExchange, clock: () => number): TokenMemory {
  const { cacheSeconds, negativeCacheSeconds, maxCacheEntries } = exchange;
  const { tokenEndpoint, clientId, audiences, resources, scopes, requestedTokenType } = exchange;
  const target = [audiences, resources, scopes, TOKEN_TYPES[requestedTokenType]];
  const scope = JSON.stringify([name, tokenEndpoint, clientId, target]);
  // Time is read for every question: a token must not outlive its end by the resolution of a cache.
  const timed = { ttlResolution: 0, perf: { now: clock } };
  const exchanged = new LRUCache<string, ExchangeAnswer>({
    ...timed,
    max: maxCacheEntries,
    maxSize: MAX_BYTES,
    sizeCalculation: (answer) => ENTRY_BYTES + (answer.kind === "exchanged" ? answer.token.text.length : 0),
  });
  // Apart, so that whoever is refused does not push out what others have.
  const refused = new LRUCache<string, ExchangeAnswer>({ ...timed, max: maxCacheEntries });
  return {
    nameKey: ({ text, issuer }) =>
      createHash("sha256")
        .update(scope)
        .update("\0")
        .update(issuer)
        .update("\0")
        .update(text)
        .digest("base64url"),
    find: (key) => exchanged.get(key) ?? refused.get(key),
    keep(key, { answer, subject, askedAt }) {
      if (answer.kind === "refused") {
        if (negativeCacheSeconds > 0) refused.set(key, answer, { ttl: negativeCacheSeconds * 1000 });
        return;
      }
      const { expiresInSeconds: lifetime } = answer.token;
      // Nobody knows when it ends.
      if (lifetime === undefined) return;
      const usable = lifetime - Math.min(MARGIN_SECONDS, lifetime / MARGIN_SHARE);
      const end = Math.min(askedAt + Math.min(cacheSeconds, usable) * 1000, subject.expiresAt);
      const ttl = end - clock();
      if (ttl > 0) exchanged.set(key, answer, { ttl });
    },
  };
}
