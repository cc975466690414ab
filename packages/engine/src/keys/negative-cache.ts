/** Remembers keys that were asked for and not found, so that asking again costs nothing. */

import { type KeyQuery, nameQuery } from "./key-source.ts";

/** Most entries; the one not asked for the longest goes first. About 600 kB at worst. */
export const MAX_NEGATIVE_ENTRIES = 1000;

/**
 * From algorithm and kid to the number of fetches that had been started when it was first asked for.
 * A set that a later fetch brought, and that does not have the key, proves that the issuer does not publish it.
 */
export class NegativeCache {
  readonly #entries = new Map<string, number>();

  /** Fetches started when this key was first asked for; undefined where it is not remembered. */
  recall(query: KeyQuery): number | undefined {
    const fetches = this.#entries.get(nameQuery(query));
    if (fetches !== undefined) this.remember(query, fetches);
    return fetches;
  }

  remember(query: KeyQuery, fetchesStarted: number): void {
    this.forget(query);
    this.#entries.set(nameQuery(query), fetchesStarted);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_NEGATIVE_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
  }

  forget(query: KeyQuery): void {
    this.#entries.delete(nameQuery(query));
  }
}
