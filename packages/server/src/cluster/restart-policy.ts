/** When a worker that has ended is replaced: soon, ever later while replacements end early, and not for ever. */

/** A worker that has run for so long counts as one that works. */
export const STABLE_MS = 10_000;
/** Most workers that end early in a row. With the waits between them they take half a minute. */
export const MAX_EARLY_ENDS = 10;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;

export class RestartPolicy {
  #earlyEnds = 0;

  /** Milliseconds until a replacement may start; undefined where none would help. `livedMs` is from its start. */
  next(livedMs: number): number | undefined {
    this.#earlyEnds = livedMs >= STABLE_MS ? 0 : this.#earlyEnds + 1;
    if (this.#earlyEnds === 0) return 0;
    if (this.#earlyEnds > MAX_EARLY_ENDS) return undefined;
    return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#earlyEnds - 1));
  }
}
