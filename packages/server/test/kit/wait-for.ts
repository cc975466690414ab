import assert from "node:assert/strict";

/** Asks every 10 ms, at most for 10 s. */
export async function waitFor(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("the condition was not met within 10 s");
}
