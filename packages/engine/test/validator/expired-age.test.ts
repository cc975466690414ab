import assert from "node:assert/strict";
import { test } from "node:test";

import { createValidator, type EngineEvent } from "../../src/index.ts";
import { createTestIssuer } from "../../src/testing/index.ts";

test("who watches is told how long ago a token expired, remembered or not, and nothing of the kind for another", async () => {
  const testIssuer = await createTestIssuer();
  const events: EngineEvent[] = [];
  let nowMs = Date.now();
  const validator = createValidator({
    issuers: [testIssuer.validatorOptions()],
    clock: () => nowMs,
    observer: (event) => events.push(event),
  });
  const exp = Math.floor(nowMs / 1000) + 60;
  const token = await testIssuer.sign({ exp });
  const judge = async (): Promise<number | undefined> => {
    await validator.validate(token);
    const last = events.findLast(({ type }) => type === "validation_finished");
    return last?.type === "validation_finished" ? last.expiredSeconds : assert.fail();
  };
  for (let time = 0; time < 3; time += 1) assert.equal(await judge(), undefined);
  nowMs = (exp + 90) * 1000;
  // Remembered, and then forgotten.
  for (let time = 0; time < 2; time += 1) assert.equal(await judge(), 90);
  await validator.close();
});
