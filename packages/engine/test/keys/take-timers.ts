import type { TestContext } from "node:test";

export interface Alarm {
  readonly run: () => void;
  readonly delayMs: number;
}

/** Takes the runtime's timers away until the test ends; alarms ring only where the test rings them. */
export function takeTimers(t: TestContext): {
  readonly alarms: Set<Alarm>;
  readonly delays: () => readonly number[];
} {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const alarms = new Set<Alarm>();
  globalThis.setTimeout = ((run: () => void, delayMs: number) => {
    const alarm = { run, delayMs };
    alarms.add(alarm);
    return alarm;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((alarm: Alarm) => void alarms.delete(alarm)) as unknown as typeof clearTimeout;
  t.after(() => {
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  });
  return { alarms, delays: () => [...alarms].map(({ delayMs }) => delayMs) };
}
