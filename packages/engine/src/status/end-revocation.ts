import { MAX_TIME_MS } from "./revocation.ts";

/** The most that an issuer's `clockToleranceSeconds` can be, so that an entry outlives the token whatever it is set to. */
const MOST_TOLERANCE_MS = 300_000;

/** Two instances whose clocks differ by this much still agree on whether an entry is in force. */
const MARGIN_MS = 300_000;

export type RevocationEndQuery =
  /** One token whose `exp` is known. */
  | { readonly tokenExpiresAtMs: number }
  /** Everything that was issued until then by an issuer whose tokens live at most so long. */
  | { readonly issuedBeforeSeconds: number; readonly maxLifetimeSeconds: number | undefined };

/**
 * The last moment at which a revocation can matter, in milliseconds since the epoch: until then the tokens concerned
 * expire, with the largest clock tolerance and a margin of five minutes. An undefined lifetime, or an infinite
 * expiry, has no such moment before the year 2106.
 */
export function endRevocation(query: RevocationEndQuery): number {
  const expiryMs =
    "tokenExpiresAtMs" in query
      ? query.tokenExpiresAtMs
      : (query.issuedBeforeSeconds + 1 + (query.maxLifetimeSeconds ?? Number.POSITIVE_INFINITY)) * 1000;
  const endMs = Math.ceil(expiryMs + MOST_TOLERANCE_MS + MARGIN_MS);
  // What is no number is no reason to forget.
  return endMs <= MAX_TIME_MS ? Math.max(0, endMs) : MAX_TIME_MS;
}
