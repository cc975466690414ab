/** A single timer that only wakes: whoever is woken looks at the clock and decides. */

const LONGEST_DELAY_MS = 2 ** 31 - 1;
// Where the injected clock stands still or runs slow, waking must not become a busy loop.
const SHORTEST_DELAY_MS = 1000;

export class WakeTimer {
  readonly #wake: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Replaces what was set before. Does not keep the process alive where the runtime can tell. */
  set(delayMs: number): void {
    this.clear();
    const delay = Math.min(LONGEST_DELAY_MS, Math.max(SHORTEST_DELAY_MS, delayMs));
    this.#timer = setTimeout(this.#wake, delay);
    (this.#timer as unknown as { unref?: () => void }).unref?.();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
