import assert from "node:assert/strict";

/** Long enough for a machine that is busy with other things: only a test that fails waits for all of it. */
const LONGEST_WAIT_MS = 60_000;

/** Asks every 10 ms, at most for a minute. */
export async function waitFor(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  while (performance.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("the condition was not met within a minute");
}
