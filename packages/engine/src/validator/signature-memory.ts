/**
 * What is remembered of signatures: that exactly this text was signed by a key of its issuer, or that it was not.
 * Nothing else is: time, binding, revocation and replay are judged anew each time, and an answer of the key source
 * that differs from the one that was remembered makes it worthless.
 */

import type { ClaimSubject } from "../claims/claim-check.ts";
import type { KeyQuery, VerificationKey } from "../keys/key-source.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { TokenMemory, type TokenMemoryLimits } from "./token-memory.ts";
import type { Accepted } from "./verdict.ts";

export interface Remembered {
  readonly issuer: JudgedIssuer;
  readonly query: KeyQuery;
  /** The keys that were asked for the signature. */
  readonly keys: readonly VerificationKey[];
  readonly subject: ClaimSubject;
  /** Undefined where none of the keys verifies the signature. */
  readonly accepted: Accepted | undefined;
}

/**
 * Bad signatures are remembered apart from good ones, so that whoever sends them displaces only others like them; and
 * few, since a stranger makes a new one as easily as he repeats one.
 */
const REFUSED_LIMITS: TokenMemoryLimits = { maxEntries: 256, maxBytes: 1024 * 1024 };

export class SignatureMemory {
  readonly #verified: TokenMemory<Remembered>;
  readonly #refused = new TokenMemory<Remembered>(REFUSED_LIMITS);

  constructor(limits: TokenMemoryLimits) {
    this.#verified = new TokenMemory(limits);
  }

  find(text: string): Remembered | undefined {
    return this.#verified.find(text) ?? this.#refused.find(text);
  }

  /** @param describe Called only where the token is remembered: it came before. */
  remember(text: string, isVerified: boolean, describe: () => Remembered): void {
    const memory = isVerified ? this.#verified : this.#refused;
    if (memory.admits(text)) memory.remember(text, describe());
  }

  forget(text: string): void {
    this.#verified.forget(text);
    this.#refused.forget(text);
  }
}

/** Whether an answer of the key source stands for the same keys as another. A secret is only ever itself. */
export function areSameKeys(left: readonly VerificationKey[], right: readonly VerificationKey[]): boolean {
  return (
    left === right ||
    (left.length === right.length &&
      left.every((key, index) => isSameKey(key, right[index] as VerificationKey)))
  );
}

function isSameKey(left: VerificationKey, right: VerificationKey): boolean {
  return (
    left === right ||
    (left.material !== undefined &&
      left.material === right.material &&
      left.keyId === right.keyId &&
      left.algorithm === right.algorithm)
  );
}
