/** Every call to a back end: so many at once, so many waiting, and an end to all of it. */

import {
  type BulkheadPolicy,
  BulkheadRejectedError,
  bulkhead,
  ExponentialBackoff,
  handleWhen,
  retry,
} from "cockatiel";
import { SigningError } from "../signing-error.ts";

export interface CallLimits {
  /** Of one call with its waiting and its retries. Default 5000; 100..60000. */
  readonly timeoutMs?: number;
  /** Calls under way. Default 16; 1..256. */
  readonly maxConcurrent?: number;
  /** Calls that wait for one of those to end. Default 256; 0..10000. */
  readonly maxQueued?: number;
}

export interface BoundedCall<T> {
  /** What is done, for the message of a failure, such as "sign". */
  readonly operation: string;
  /** Whether the same may be asked again after a fault of the way or the service. Default true. */
  readonly repeatable?: boolean;
  /** Rejects with a `SigningError`, or with anything where `signal` has aborted. */
  attempt(signal: AbortSignal): Promise<T>;
}

export const DEFAULT_CALL_LIMITS: Required<CallLimits> = {
  timeoutMs: 5000,
  maxConcurrent: 16,
  maxQueued: 256,
};
/** After the first attempt. */
const MAX_RETRIES = 2;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

const withRetries = retry(
  handleWhen((error) => error instanceof SigningError && error.kind === "unavailable"),
  {
    maxAttempts: MAX_RETRIES,
    backoff: new ExponentialBackoff({ initialDelay: FIRST_PAUSE_MS, maxDelay: LONGEST_PAUSE_MS }),
  },
);

export class BoundedCalls {
  readonly #backend: string;
  readonly #limits: Required<CallLimits>;
  readonly #places: BulkheadPolicy;
  readonly #closing = new AbortController();

  constructor(backend: string, limits: CallLimits = {}) {
    this.#backend = backend;
    this.#limits = { ...DEFAULT_CALL_LIMITS, ...limits };
    this.#places = bulkhead(this.#limits.maxConcurrent, this.#limits.maxQueued);
  }

  /**
   * Ends within `timeoutMs`, whatever the attempt does.
   * @throws SigningError
   */
  async run<T>({ operation, repeatable = true, attempt }: BoundedCall<T>): Promise<T> {
    const deadline = new AbortController();
    // Not `AbortSignal.timeout`: its timer would outlive the call.
    const timer = setTimeout(() => deadline.abort(), this.#limits.timeoutMs);
    const signal = AbortSignal.any([this.#closing.signal, deadline.signal]);
    const attemptWithin = (): Promise<T> => endWith(signal, () => attempt(signal));
    try {
      return await endWith(signal, () =>
        this.#places.execute(
          () => (repeatable ? withRetries.execute(attemptWithin, signal) : attemptWithin()),
          signal,
        ),
      );
    } catch (error) {
      throw this.#describe(error, { operation, isLate: deadline.signal.aborted });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends what is under way or waits; later calls are refused. */
  close(): void {
    this.#closing.abort();
  }

  #describe(
    error: unknown,
    { operation, isLate }: { readonly operation: string; readonly isLate: boolean },
  ): unknown {
    const { timeoutMs, maxConcurrent, maxQueued } = this.#limits;
    const unavailable = (problem: string): SigningError =>
      new SigningError(`${this.#backend}: ${operation}: ${problem}`, {
        kind: "unavailable",
        backend: this.#backend,
      });
    if (this.#closing.signal.aborted) return unavailable("the back end was closed");
    if (isLate) {
      return unavailable(
        `no answer within ${timeoutMs} ms; look whether the service is reachable, or raise timeoutMs`,
      );
    }
    if (error instanceof BulkheadRejectedError) {
      return unavailable(
        `${maxConcurrent} calls are under way and ${maxQueued} wait; sign less, or raise the limits`,
      );
    }
    return error;
  }
}

/** Rejects as soon as the signal aborts, also where the work does not listen to it. */
function endWith<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new DOMException("The call has ended", "AbortError"));
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
