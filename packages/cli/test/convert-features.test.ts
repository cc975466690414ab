import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfiguration } from "@countersign/server";
import { listFeatureUses } from "../src/convert/features.ts";
import { TARGETS } from "../src/convert/targets/index.ts";

const CONFIGURATION = parseConfiguration(
  `
issuers:
  - { issuer: "https://idp.example.com/", audiences: [api], keys: { discovery: true } }
routes:
  - { path: /**, allow: authenticated }
`,
  { env: {}, baseDir: "/" },
);

function listUnknown(change: object): readonly string[] {
  return listFeatureUses({ ...CONFIGURATION, ...change })
    .filter(({ feature }) => feature === "unknown-setting")
    .map(({ path }) => path);
}

test("a setting that convert has not heard of is impossible for every target", () => {
  const [issuer] = CONFIGURATION.issuers;
  const [route] = CONFIGURATION.routes;
  assert.deepEqual(listUnknown({}), []);
  assert.deepEqual(listUnknown({ later: true }), ["later"]);
  assert.deepEqual(listUnknown({ issuers: [{ ...issuer, later: 1 }] }), ["issuers[0].later"]);
  assert.deepEqual(listUnknown({ routes: [{ ...route, later: 1 }] }), ["routes[0].later"]);
  for (const { expressions } of TARGETS.values())
    assert.equal(expressions["unknown-setting"].level, "impossible");
});

test("every target says in words what becomes of each feature", () => {
  for (const { expressions } of TARGETS.values()) {
    for (const [feature, { text }] of Object.entries(expressions)) assert.notEqual(text, "", feature);
  }
});
