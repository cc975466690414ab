/** Refuses a part of the requests before the process collapses under all of them. */

import type { Decide } from "./create-decider.ts";
import { createRefusal } from "./create-refusal.ts";

export interface SheddingSetup {
  readonly decide: Decide;
  /** How late the event loop is, in milliseconds. */
  readonly eventLoopDelayMs: () => number;
  /** Where shedding begins. */
  readonly maxEventLoopDelayMs: number;
  readonly clock: () => number;
  onShed(): void;
}

const RETRY_SECONDS = 1;
// Some are always judged, so that the delay of an idle process is seen to have ended.
const MOST_SHED = 0.95;

/**
 * The later the event loop, the larger the part that is answered 503 `overloaded` unjudged: nothing at the
 * bound, half at twice the bound. Evenly spread rather than drawn, so that it is the same in every run.
 */
export function shedLoad(setup: SheddingSetup): Decide {
  let owed = 0;
  return (request) => {
    const delayMs = setup.eventLoopDelayMs();
    if (delayMs <= setup.maxEventLoopDelayMs) return setup.decide(request);
    owed += Math.min(1 - setup.maxEventLoopDelayMs / delayMs, MOST_SHED);
    if (owed < 1) return setup.decide(request);
    owed -= 1;
    setup.onShed();
    const rejected = createRefusal("overloaded", { retryAfterSeconds: RETRY_SECONDS });
    const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
    return { allow: false, rejected, scopes: [], remove: [], timing };
  };
}
