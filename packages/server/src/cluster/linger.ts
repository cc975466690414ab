/** Ends of what others may still use for a while. */
export class Linger {
  readonly #ends = new Map<NodeJS.Timeout, () => Promise<void>>();

  /** Calls `end` after a time that does not keep the process alive, or with all others. */
  add(delayMs: number, end: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#ends.delete(timer);
      end().catch(() => undefined);
    }, delayMs);
    timer.unref();
    this.#ends.set(timer, end);
  }

  /** Ends everything now. */
  async end(): Promise<void> {
    const ends = [...this.#ends];
    this.#ends.clear();
    for (const [timer] of ends) clearTimeout(timer);
    await Promise.all(ends.map(([, end]) => end()));
  }
}
