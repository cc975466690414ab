/** How often a source may be asked: a budget for what strangers can cause, and a backoff for failures. */

/** Lets one fetch through in each cooldown. What was not used does not add up. */
export class FetchBudget {
  readonly #cooldownMs: number;
  #openAt = 0;

  constructor(cooldownMs: number) {
    this.#cooldownMs = cooldownMs;
  }

  /** Milliseconds until the next fetch may start; 0 where it may start now. */
  remainingMs(now: number): number {
    return Math.max(0, this.#openAt - now);
  }

  spend(now: number): void {
    this.#openAt = now + this.#cooldownMs;
  }
}

const FIRST_RETRY_MS = 1000;
/** Longest time between two attempts at a source that fails, also where its `Retry-After` asks for more. */
export const LONGEST_RETRY_MS = 60_000;

/**
 * Milliseconds until the next attempt after `failures` failures in a row (1 for the first): doubling from 1 s
 * to 60 s. The last quarter is random (`random` is 0..1), so that instances that failed together do not return together.
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16));
  return Math.max(FIRST_RETRY_MS, Math.round(full * (1 - random / 4)));
}
