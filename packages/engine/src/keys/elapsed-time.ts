/** Time that only passes: what remains of a wall clock once its steps are taken out. */

import type { Clock } from "../ports.ts";

/**
 * Milliseconds since construction, from the injected clock. A step backward counts as no time, so that it
 * neither extends how long a copy of keys is used nor puts off the next fetch for as long as the step was;
 * a step forward counts in full, which only makes fetches come early. Needs no second clock.
 */
export class ElapsedTime {
  readonly #clock: Clock;
  #lastReading: number;
  #elapsedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastReading = clock();
  }

  now(): number {
    const reading = this.#clock();
    const passed = reading - this.#lastReading;
    if (passed !== 0) {
      // A clock that gave NaN once must not stop time for good.
      if (passed > 0 && passed < Number.POSITIVE_INFINITY) this.#elapsedMs += passed;
      if (Number.isFinite(reading)) this.#lastReading = reading;
    }
    return this.#elapsedMs;
  }
}
