import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationError, createValidator } from "../../src/index.ts";
import { createKeyFollower, createKeyPublisher } from "../../src/sharing/index.ts";
import { createTestIssuer } from "../../src/testing/index.ts";

test("validators that follow a publisher give its verdicts, and fetch nothing", async () => {
  const idp = await createTestIssuer({ serve: true });
  const issuers = [idp.validatorOptions()];
  const fetched: string[] = [];
  const publisher = createKeyPublisher({
    onChange: (issuer, keys) => void follower.accept(issuer, keys).catch(assert.ifError),
  });
  const follower = createKeyFollower({ ask: (question) => publisher.answer(question) });
  const fetching = createValidator({ issuers, keySharing: publisher });
  const following = createValidator({
    issuers,
    keySharing: follower,
    fetch: (url) => {
      fetched.push(url);
      return Promise.reject(new Error("a follower fetched"));
    },
  });
  try {
    await following.ready();
    const good = await idp.sign();
    for (const token of [
      good,
      await idp.sign({}, { header: { kid: "other" } }),
      `${good.slice(0, -8)}AAAAAAAA`,
    ]) {
      const [left, right] = [await following.validate(token), await fetching.validate(token)];
      assert.equal(left.ok ? "ok" : left.reason, right.ok ? "ok" : right.reason);
    }
    assert.equal((await following.validate(good)).ok, true);
    assert.deepEqual(fetched, []);
  } finally {
    await following.close();
    await fetching.close();
    await idp.close();
  }
});

test("only the engine's own publishers and followers share keys", async () => {
  const idp = await createTestIssuer();
  for (const keySharing of [{}, () => undefined, "x", null]) {
    assert.throws(
      () => createValidator({ issuers: [idp.validatorOptions()], keySharing: keySharing as never }),
      (error) => error instanceof ConfigurationError && error.problems[0]?.path === "keySharing",
    );
  }
});
