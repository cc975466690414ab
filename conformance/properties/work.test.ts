import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "countersign";
import fc from "fast-check";
import { MAX_TRIALS } from "../../packages/engine/src/keys/key-source.ts";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { FUZZ_ALGORITHMS, fuzzedToken, fuzzKeys } from "../kit/fuzzed-token.ts";
import { createScene, issueToken, NOW_SECONDS } from "../kit/scene.ts";
import { createSigningKey, sharedKey } from "../kit/signing-key.ts";
import { measureWork } from "../kit/work-meter.ts";

const BEFORE_SIGNATURE: ReadonlySet<string> = new Set([
  "token",
  "header",
  "issuer",
  "algorithm",
  "claims",
  "key",
]);

test("N8 a token costs one signature check per candidate, and none where it is refused before", async () => {
  const validator = createScene({ keys: fuzzKeys(), algorithms: FUZZ_ALGORITHMS });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fuzzedToken, fc.string()), async (token) => {
      const { result: verdict, work } = await measureWork(() => validator.validate(token));
      assert.deepEqual(work.fetched, []);
      if (!verdict.ok && BEFORE_SIGNATURE.has(REASONS[verdict.reason].stage))
        assert.equal(work.cryptoCalls, 0);
      // One published key per algorithm: never more than one candidate.
      else assert.ok(work.cryptoCalls <= 1);
    }),
    { numRuns: fuzzRuns(3000) },
  );
});

test(`N8 a token without kid costs ${MAX_TRIALS} signature checks at most, and none where more keys fit`, async () => {
  const keys = Array.from({ length: MAX_TRIALS + 1 }, (_, index) =>
    createSigningKey("ES256", { keyId: `k${index}` }),
  );
  const token = issueToken({ key: createSigningKey("ES256"), header: { kid: undefined } });
  for (let count = 1; count <= keys.length; count++) {
    const validator = createScene({ keys: keys.slice(0, count) });
    const { work } = await measureWork(() => validator.validate(token));
    assert.equal(work.cryptoCalls, count <= MAX_TRIALS ? count : 0);
  }
});

test("N8 whatever strangers send, a remote issuer is asked once for the keys and once for unknown ones", async () => {
  const requests: string[] = [];
  const validator = createScene({
    issuer: { keys: { jwksUri: "https://issuer.example/jwks" } },
    algorithms: ["ES256"],
    nowSeconds: () => NOW_SECONDS,
    validator: {
      fetch: (url) => {
        requests.push(url);
        return Promise.resolve(Response.json({ keys: [sharedKey("ES256").publicJwk] }));
      },
    },
  });
  try {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 40 }), async (kid) => {
        const verdict = await validator.validate(issueToken({ header: { kid } }));
        assert.equal(verdict.ok, kid === "es256");
      }),
      { numRuns: 500 },
    );
    assert.equal((await validator.validate(issueToken())).ok, true);
    assert.deepEqual([...new Set(requests)], ["https://issuer.example/jwks"]);
    assert.ok(requests.length <= 2, `${requests.length} requests`);
  } finally {
    await validator.close();
  }
});
