import { setTimeout as wait } from "node:timers/promises";
import { StoreUnavailableError } from "./revocation-store.ts";

export interface RetryOptions {
  /** Whether trying again may help. */
  readonly isTransient: (error: unknown) => boolean;
  /** Of all attempts together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 500;

/**
 * Tries until it succeeds, the time is over or trying again cannot help. Pauses double from 2 to 500 ms and are
 * shortened at random, so that many callers do not come back together.
 *
 * @throws StoreUnavailableError where the time is over or `signal` aborts; else what the attempt threw.
 */
export async function retryWithBackoff<T>(
  attempt: () => T | Promise<T>,
  { isTransient, timeoutMs, signal }: RetryOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (signal.aborted) throw new StoreUnavailableError("the store was closed");
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) {
        throw new StoreUnavailableError(`no answer of the store within ${timeoutMs} ms`, { cause: error });
      }
      await pause(Math.min(leftMs, pauseMs * (0.5 + Math.random() / 2)), signal);
    }
  }
}

/** Ends early, without rejecting, where the signal aborts; at once where there is no time to pass. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  try {
    await wait(ms, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
