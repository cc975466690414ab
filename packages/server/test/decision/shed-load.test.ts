import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Decision } from "../../src/decision/decision.ts";
import { shedLoad } from "../../src/decision/shed-load.ts";

const ALLOWED: Decision = {
  allow: true,
  route: { path: "/**", allow: "anonymous" },
  identity: [],
  remove: [],
  timing: { startedAt: 0, durationMs: 0, validationMs: undefined },
};
const REQUEST = { method: "GET", scheme: "http", host: "a", target: "/", headers: [] } as const;

/** How many of 1000 requests are refused at this delay, with 100 ms as the bound. */
async function countShed(delayMs: number): Promise<number> {
  let told = 0;
  const decide = shedLoad({
    decide: () => Promise.resolve(ALLOWED),
    eventLoopDelayMs: () => delayMs,
    maxEventLoopDelayMs: 100,
    clock: Date.now,
    onShed: () => {
      told += 1;
    },
  });
  let refused = 0;
  for (let index = 0; index < 1000; index += 1) {
    const decision = await decide(REQUEST);
    if (decision.allow) continue;
    refused += 1;
    assert.equal(decision.rejected.reason, "overloaded");
    assert.equal(decision.rejected.retryAfterSeconds, 1);
  }
  assert.equal(told, refused);
  return refused;
}

describe("shedLoad", () => {
  it("refuses nothing up to the bound", async () => {
    assert.equal(await countShed(0), 0);
    assert.equal(await countShed(100), 0);
  });

  it("refuses a part that grows with the delay, and never all", async () => {
    assert.equal(await countShed(200), 500);
    assert.equal(await countShed(400), 750);
    const most = await countShed(1e9);
    assert.ok(most >= 949 && most <= 950, String(most));
  });
});
