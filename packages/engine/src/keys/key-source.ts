/** What the validator asks of an issuer's keys, wherever they come from. */

import type { Algorithm } from "../algorithms.ts";
import type { NativeKey } from "../platform/platform.ts";

/** One key for exactly one algorithm, checked at import (RFC 8725 section 3.1). */
export interface VerificationKey {
  readonly keyId: string | undefined;
  readonly algorithm: Algorithm;
  /** Octets that a signature of this key has. */
  readonly signatureBytes: number;
  /** RFC 7638 section 3.2 canonical JSON of the public members; undefined for secrets. Tells same kid, new key. */
  readonly material: string | undefined;
  /** Where the runtime imports asynchronously, a promise until it is settled. */
  readonly native: NativeKey | Promise<NativeKey>;
}

export interface KeyQuery {
  readonly algorithm: Algorithm;
  /** The header's kid, or undefined where it has none: then every key of the algorithm is a candidate. */
  readonly keyId: string | undefined;
}

/** The query as a key of tables. The space cannot occur in an algorithm's name, so kid "" and no kid stay apart. */
export function nameQuery({ algorithm, keyId }: KeyQuery): string {
  return keyId === undefined ? algorithm.name : `${algorithm.name} ${keyId}`;
}

export interface RefusedLookup {
  readonly kind: "refused";
  readonly reason: "key_unknown" | "key_unsuitable" | "keys_unavailable" | "keys_stale";
  /** For people; from configuration and the trusted set only. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

export type KeyLookup =
  /** One key, or for a token without kid at most `MAX_TRIALS` of them. */
  | { readonly kind: "found"; readonly keys: readonly VerificationKey[] }
  | RefusedLookup
  /** Only a fetch can tell; `resolve` does it. */
  | { readonly kind: "fetch_needed" };

/** Most keys tried for a token without kid. */
export const MAX_TRIALS = 4;

export interface KeySource {
  /** Answers from what is in memory, without waiting. */
  find(query: KeyQuery): KeyLookup;
  /** Answers after at most one shared fetch. Never "fetch_needed", never rejects. */
  resolve(query: KeyQuery): Promise<Exclude<KeyLookup, { kind: "fetch_needed" }>>;
  /**
   * A signature failed with `failed`. Where the issuer may have put new material under the same kid,
   * fetches once (bounded) and gives keys whose material differs; otherwise undefined at once.
   */
  replacement(
    query: KeyQuery,
    failed: readonly VerificationKey[],
  ): Promise<readonly VerificationKey[]> | undefined;
  /** Resolves when keys are in memory; rejects with an Error that says what failed. */
  ready(): Promise<void>;
  /** Stops timers and fetches under way; idempotent. */
  close(): Promise<void>;
}
