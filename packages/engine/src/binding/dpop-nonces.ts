/** Nonces for DPoP proofs that nobody has to remember (RFC 9449 sections 8 to 9). */

import { platform } from "#platform";
import { andThen } from "../signature/and-then.ts";

export interface NonceRules {
  /** 32 to 1024 octets each. The first makes nonces, those of all are accepted: so a secret can be replaced. */
  readonly secrets: readonly Uint8Array[];
  /** Seconds after which the next nonce is handed out; the one before it is still accepted as long. */
  readonly stepSeconds: number;
}

/** How far another instance's clock may be ahead, so that a nonce it has just begun to hand out is known here. */
const AHEAD_MS = 5000;
/** Part of what is authenticated, so that the secret gives no other service's nonces (RFC 9449 section 9). */
const PURPOSE = "countersign: nonce for DPoP proofs at a resource server, step";

/** A nonce is the HMAC of the number of its time step: unpredictable, and the same at all instances of one secret. */
export class DpopNonces {
  readonly #secrets: readonly Uint8Array[];
  readonly #stepMs: number;
  /** Those of the latest steps, by secret and step. */
  readonly #made = new Map<string, string>();

  constructor({ secrets, stepSeconds }: NonceRules) {
    this.#secrets = secrets;
    this.#stepMs = stepSeconds * 1000;
  }

  /** The nonce to hand out at a time. */
  current(nowMs: number): string | Promise<string> {
    return this.#make(0, this.#stepAt(nowMs));
  }

  /** The time, in milliseconds since the epoch, from which a nonce is no longer accepted; undefined for what is none. */
  findExpiry(nonce: string, nowMs: number): number | undefined | Promise<number | undefined> {
    const step = this.#stepAt(nowMs);
    const next = this.#stepAt(nowMs + AHEAD_MS);
    const steps = next === step ? [step, step - 1] : [step, step - 1, next];
    const candidates = this.#secrets.flatMap((_, index) => steps.map((at) => [index, at] as const));
    const tryFrom = (position: number): ReturnType<DpopNonces["findExpiry"]> => {
      const candidate = candidates[position];
      if (candidate === undefined) return undefined;
      const [index, at] = candidate;
      return andThen(this.#make(index, at), (made) =>
        isEqual(made, nonce) ? (at + 2) * this.#stepMs : tryFrom(position + 1),
      );
    };
    return tryFrom(0);
  }

  /** The nonce to hand out to whoever used one that ends earlier; undefined where theirs is the newest. */
  findNext(expiresAtMs: number, nowMs: number): string | Promise<string> | undefined {
    return (this.#stepAt(nowMs) + 2) * this.#stepMs > expiresAtMs ? this.current(nowMs) : undefined;
  }

  #stepAt(timeMs: number): number {
    return Math.floor(timeMs / this.#stepMs);
  }

  #make(index: number, step: number): string | Promise<string> {
    const name = `${index} ${step}`;
    const known = this.#made.get(name);
    const secret = this.#secrets[index];
    if (known !== undefined) return known;
    if (secret === undefined) throw new Error("There is no secret to make nonces with");
    return andThen(platform.hmacSha256(secret, `${PURPOSE} ${step}`), (nonce) => {
      // Three steps of each secret are in use; what is older goes when time has moved on.
      if (this.#made.size >= 4 * this.#secrets.length) this.#made.clear();
      this.#made.set(name, nonce);
      return nonce;
    });
  }
}

/** Compares in a time that tells nothing but the length. */
function isEqual(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
