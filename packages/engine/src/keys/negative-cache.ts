/** Remembers keys that were asked for and not found, so that asking again costs nothing. */

import type { KeyQuery } from "./key-source.ts";

/** Most entries; the one not asked for the longest goes first. About 600 kB at worst. */
export const MAX_NEGATIVE_ENTRIES = 1000;

/** Longest kid (UTF-16 units) that a key can have: import refuses longer ones, so no fetch could find it. */
export const MAX_KEY_ID_LENGTH = 256;

/**
 * From algorithm and kid to the number of fetches that had been started when it was first asked for.
 * A set that a later fetch brought, and that does not have the key, proves that the issuer does not publish it.
 */
export class NegativeCache {
  readonly #entries = new Map<string, number>();

  /** Fetches started when this key was first asked for; undefined where it is not remembered. */
  recall(query: KeyQuery): number | undefined {
    const name = nameOf(query);
    const fetches = this.#entries.get(name);
    if (fetches !== undefined) {
      this.#entries.delete(name);
      this.#entries.set(name, fetches);
    }
    return fetches;
  }

  remember(query: KeyQuery, fetchesStarted: number): void {
    const name = nameOf(query);
    this.#entries.delete(name);
    this.#entries.set(name, fetchesStarted);
    if (this.#entries.size <= MAX_NEGATIVE_ENTRIES) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  forget(query: KeyQuery): void {
    this.#entries.delete(nameOf(query));
  }

  get size(): number {
    return this.#entries.size;
  }
}

// The space cannot occur in an algorithm's name, so kid "" and no kid stay apart.
function nameOf({ algorithm, keyId }: KeyQuery): string {
  return keyId === undefined ? algorithm.name : `${algorithm.name} ${keyId}`;
}
