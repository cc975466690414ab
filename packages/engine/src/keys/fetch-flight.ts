/** A fetch under way that many callers share. */

export class FetchFlight {
  /** Its number, from 1: a set with a higher number was fetched later. */
  readonly sequence: number;
  /** Elapsed milliseconds. */
  readonly startedAt: number;
  /** Never rejects. May never settle where the runtime froze the request that started it. */
  readonly done: Promise<void>;
  readonly #controller = new AbortController();

  /** `work` begins after the caller's own synchronous steps, so that it finds the flight already registered. */
  constructor(
    start: { readonly sequence: number; readonly startedAt: number },
    work: (flight: FetchFlight) => Promise<void>,
  ) {
    this.sequence = start.sequence;
    this.startedAt = start.startedAt;
    this.done = Promise.resolve().then(() => work(this));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    try {
      this.#controller.abort();
    } catch {
      // Some edge runtimes refuse to touch what belongs to another request; that one is frozen anyway.
    }
  }
}
