import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as nodeEngine from "countersign";
import fc from "fast-check";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { FUZZ_ALGORITHMS, fuzzedToken, fuzzKeys } from "../kit/fuzzed-token.ts";
import { describeIssuer, issueToken, NOW_SECONDS } from "../kit/scene.ts";
import { sharedKey } from "../kit/signing-key.ts";
import { type Engine, loadWebEngine } from "../kit/web-engine.ts";

let webEngine: Engine;

before(async () => {
  webEngine = await loadWebEngine();
});

function createOn(engine: Engine, algorithms: readonly nodeEngine.AlgorithmName[]): nodeEngine.Validator {
  const keys = algorithms.map((name) => sharedKey(name));
  return engine.createValidator({ issuers: [describeIssuer({ keys })], clock: () => NOW_SECONDS * 1000 });
}

/** Everything that a verdict says, in the order of its members' names. */
function writeVerdict(verdict: nodeEngine.Verdict): string {
  return JSON.stringify(verdict);
}

test("N3 the Node and the Web back end give the same verdict, explanation and step for every token", async () => {
  assert.equal(fuzzKeys().length, FUZZ_ALGORITHMS.length);
  const onNode = createOn(nodeEngine, FUZZ_ALGORITHMS);
  const onWeb = createOn(webEngine, FUZZ_ALGORITHMS);
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 9, arbitrary: fuzzedToken }, { weight: 1, arbitrary: fc.string() }),
      async (token) => {
        const [node, web] = await Promise.all([onNode.validate(token), onWeb.validate(token)]);
        assert.equal(writeVerdict(web), writeVerdict(node));
        if (node.ok) accepted++;
        const [nodeSteps, webSteps] = await Promise.all([onNode.explain(token), onWeb.explain(token)]);
        assert.deepEqual(JSON.parse(JSON.stringify(webSteps)), JSON.parse(JSON.stringify(nodeSteps)));
      },
    ),
    { numRuns: fuzzRuns(2000) },
  );
  assert.ok(accepted > 50, `${accepted}`);
});

for (const name of [
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES384",
  "ES512",
  "HS256",
  "HS384",
  "HS512",
] as const) {
  test(`N3 both back ends accept ${name} and refuse it tampered`, async () => {
    const key = sharedKey(name);
    const token = issueToken({ key });
    const tampered = `${token.slice(0, -20)}${token.at(-20) === "A" ? "B" : "A"}${token.slice(-19)}`;
    for (const engine of [nodeEngine, webEngine]) {
      const validator = createOn(engine, [name]);
      assert.equal((await validator.validate(token)).ok, true);
      const verdict = await validator.validate(tampered);
      assert.equal(verdict.ok ? "ok" : verdict.reason, "signature_invalid");
    }
  });
}

test("N3 the Web back end says no to validateSync before anything is judged", () => {
  assert.throws(() => createOn(webEngine, ["ES256"]).validateSync(issueToken()), TypeError);
});
