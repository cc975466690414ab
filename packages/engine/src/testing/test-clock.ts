import type { Clock } from "../ports.ts";

/** A clock that stands still until it is set; give it to the validator and to the test issuer. */
export interface TestClock extends Clock {
  /** Milliseconds since the epoch; the same as calling the clock. */
  readonly now: number;
  /** Goes to this time, forward or back. @throws RangeError for what is no finite number. */
  set(timeMs: number): void;
  /** Goes this far, back where negative. @throws RangeError for what is no finite number. */
  advance(by: { readonly seconds?: number; readonly ms?: number }): void;
}

/**
 * Creates a settable clock, standing at `startMs` (milliseconds since the epoch; default the present second).
 *
 *     const clock = createTestClock();
 *     const validator = createValidator({ issuers, clock });
 *     clock.advance({ seconds: 3600 });
 */
export function createTestClock(startMs: number = Math.floor(Date.now() / 1000) * 1000): TestClock {
  let nowMs = requireFinite(startMs);
  const methods = {
    set(timeMs: number): void {
      nowMs = requireFinite(timeMs);
    },
    advance({ seconds = 0, ms = 0 }: { readonly seconds?: number; readonly ms?: number }): void {
      nowMs = requireFinite(nowMs + seconds * 1000 + ms);
    },
  };
  const clock = Object.assign((): number => nowMs, methods);
  return Object.defineProperty(clock, "now", { get: () => nowMs }) as TestClock;
}

function requireFinite(timeMs: number): number {
  if (Number.isFinite(timeMs)) return timeMs;
  throw new RangeError(`expected milliseconds since the epoch as a finite number, found ${String(timeMs)}`);
}
