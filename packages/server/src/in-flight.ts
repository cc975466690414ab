/** Counts what is under way, and tells when nothing is any more. */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Counts `work` from its call until it settles. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Resolves the first time that nothing is under way. */
  settled(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
