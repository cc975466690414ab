/** Counts what is under way, and tells when nothing is any more. */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Counts a promise until it settles; what is no promise is over already. */
  track<T>(work: T | Promise<T>): T | Promise<T> {
    if (!(work instanceof Promise)) return work;
    this.#count += 1;
    const end = (): void => this.#end();
    work.then(end, end);
    return work;
  }

  /** Resolves the first time that nothing is under way. */
  settled(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
