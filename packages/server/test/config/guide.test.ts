import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";

const SOURCES = { env: {}, baseDir: "/nonexistent" };

/** The configurations of a page of the guide. */
function readExamples(page: string): readonly string[] {
  const text = readFileSync(new URL(`../../../../docs/guide/${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
}

function readExample(page: string): string {
  return readExamples(page)[0] ?? "";
}

it("the guide's configuration can be used, and all that is found in it is accepted with a reason", () => {
  const report = checkConfiguration(readExample("policy.md"), SOURCES);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
  assert.deepEqual(
    report.accepted.map(({ path, kind }) => [path, kind]),
    [["routes[6]", "opt_out"]],
  );
});

it("the guide's presets and mappings can be used", () => {
  const reports = readExamples("principals.md").map((text) => checkConfiguration(text, SOURCES));
  for (const { problems, findings } of reports)
    assert.deepEqual({ problems, findings }, { problems: [], findings: [] });
  assert.deepEqual(
    reports.map(({ configuration }) => configuration?.issuers.length),
    [2, 3, 2],
  );
});

it("the guide's introspection can be used", () => {
  const sources = { ...SOURCES, env: { INTROSPECTION_SECRET: "s" } };
  const report = checkConfiguration(readExample("introspection.md"), sources);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
  assert.equal(report.configuration?.introspection.length, 1);
});

it("the guide's upstreams can be used", () => {
  const issuer = "{ issuer: https://a.test, audiences: [a], keys: { discovery: true } }";
  const report = checkConfiguration(`issuers: [${issuer}]\n${readExample("proxy.md")}`, SOURCES);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
});

it("the guide's revocation can be used", () => {
  const sources = { ...SOURCES, env: { REDIS_PASSWORD: "s" } };
  const report = checkConfiguration(readExample("revocation.md"), sources);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
});

it("the guide's exchange and its assertion can be used", () => {
  const text = readFileSync(new URL("../../../../docs/guide/upstream-tokens.md", import.meta.url), "utf8");
  const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
  assert.equal(examples.length, 2);
  const sources = { ...SOURCES, env: { EXCHANGE_SECRET: "s" } };
  const report = checkConfiguration(examples.join("\n"), sources);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
});

it("the guide's signals and status lists can be used", () => {
  const text = readFileSync(new URL("../../../../docs/guide/signals.md", import.meta.url), "utf8");
  const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
  assert.equal(examples.length, 4);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const env = {
    CORP_EVENTS_AUTHORIZATION: "Bearer of the first of them",
    HR_EVENTS_AUTHORIZATION: "Bearer of the second of them",
    STATUS_LIST_KEY: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
  const issuers =
    "issuers: [{ issuer: https://id.corp.test, name: corp, audiences: [a], keys: { discovery: true } }]";
  for (const example of examples) {
    const parts = [
      example,
      "routes: [{ path: /**, allow: authenticated }]",
      ...(/^issuers:/m.test(example) ? [] : [issuers]),
      ...(/^revocation:/m.test(example) ? [] : ["revocation: { store: { sqlite: /a.db } }"]),
    ];
    const report = checkConfiguration(parts.join("\n"), { ...SOURCES, env });
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.findings, []);
  }
});
