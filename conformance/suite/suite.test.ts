import assert from "node:assert/strict";
import { test } from "node:test";
import * as nodeEngine from "countersign";
import { createCorpus } from "../differential/corpus.ts";
import { createCorpusKeys } from "../differential/corpus-keys.ts";
import { loadWebEngine } from "../kit/web-engine.ts";
import { FIXTURES } from "./fixtures.generated.ts";
import { cases } from "./index.ts";

/** Reasons that need a request, a store or a service around the validator. */
const FOUND_ELSEWHERE: ReadonlySet<string> = new Set([
  "missing_token",
  "malformed_request",
  "token_revoked",
  "token_suspended",
  "token_inactive",
  "token_replayed",
  "binding_mismatch",
  "dpop_proof_invalid",
  "dpop_nonce_required",
  "step_up_required",
  "scope_insufficient",
  "policy_denied",
  "introspection_unavailable",
  "revocation_unavailable",
  "replay_store_unavailable",
  "status_list_unavailable",
  "policy_unavailable",
  "overloaded",
]);

test("the suite holds with the Node back end", async (context) => {
  for (const { name, run } of cases) await context.test(name, () => run(nodeEngine));
});

test("the suite holds with the Web back end", async (context) => {
  const webEngine = await loadWebEngine();
  for (const { name, run } of cases) await context.test(name, () => run(webEngine));
});

test("no two cases of the suite have one name: runners find lost cases by it", () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

test("the suite has a case for every reason that a validator alone can give", () => {
  const names = cases.map(({ name }) => name).join("\n");
  for (const reason of Object.keys(nodeEngine.REASONS)) {
    if (FOUND_ELSEWHERE.has(reason)) continue;
    // Bad signatures are told by words, under each algorithm.
    const pattern = new RegExp(
      `\\b${reason === "signature_invalid" ? "ES256: another key's signature" : reason}\\b`,
    );
    assert.match(names, pattern, reason);
  }
});

test("the fixtures are those of the corpus; else `npm run write-fixtures -w conformance`", () => {
  const wanted = new Map(
    createCorpus(createCorpusKeys()).flatMap(({ cases: group }) =>
      group.filter(({ token }) => token.length < 9000).map(({ name, expected }) => [name, expected]),
    ),
  );
  assert.deepEqual(new Map(FIXTURES.tokens.map(({ name, expected }) => [name, expected])), wanted);
  const algorithms = FIXTURES.algorithms.map(({ algorithm }) => algorithm);
  assert.deepEqual(algorithms, Object.keys(nodeEngine.ALGORITHMS));
});
