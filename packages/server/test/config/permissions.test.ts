import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createValidator } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { toValidatorOptions } from "../../src/config/validator-options.ts";

const baseDir = mkdtempSync(join(tmpdir(), "permissions-"));
after(() => rmSync(baseDir, { recursive: true }));
const SOURCES = { env: {}, baseDir };
const TABLE = `
names: [orders:read, orders:write]
implies: { orders:write: [orders:read] }
grants:
  - { to: [orders:write], roles: [editor], issuers: [staff] }
`;

function write(permissions: string, demand = "orders:read"): string {
  return `
issuers: [{ issuer: https://staff.test/, name: staff, audiences: [orders], keys: { discovery: true } }]
permissions: ${permissions}
routes: [{ path: /**, allow: authenticated, require: { any: [{ permissions: { any: [${demand}] } }, { roles: { any: [root] } }] } }]
`;
}

function writeTable(text: string): string {
  writeFileSync(join(baseDir, "permissions.yaml"), text);
  return "file:permissions.yaml";
}

describe("permissions", () => {
  it("are read from a file of their own, and hold in the validator", async () => {
    const { problems, findings, configuration } = checkConfiguration(write(writeTable(TABLE)), SOURCES);
    assert.deepEqual({ problems, findings }, { problems: [], findings: [] });
    assert.ok(configuration !== undefined);
    const source = await createTestIssuer({ issuer: "https://staff.test/", audience: "orders" });
    const { keys } = source.validatorOptions();
    const options = toValidatorOptions({
      ...configuration,
      issuers: configuration.issuers.map((issuer) => ({ ...issuer, keys })),
    });
    const verdict = await createValidator(options).validate(await source.sign({ roles: ["editor"] }));
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.principal.permissions, ["orders:write", "orders:read"]);
  });

  it("are refused with the row's place, also where the file is none", () => {
    const problemsOf = (permissions: string): readonly string[] =>
      checkConfiguration(write(permissions), SOURCES).problems.map(({ path }) => path);
    assert.deepEqual(problemsOf(writeTable(TABLE.replace("[staff]", "[nobody]"))), [
      "permissions.grants[0].issuers[0]",
    ]);
    assert.deepEqual(problemsOf(writeTable(`${TABLE}extra: 1\n`)), ["permissions.extra"]);
    assert.ok(problemsOf(writeTable("names: [a\n")).includes("permissions"));
    assert.ok(problemsOf("file:nothing.yaml").includes("permissions"));
    assert.deepEqual(problemsOf(writeTable(TABLE.replace("[editor]", '["${HOME}"]'))), []);
  });

  it("are linted: names that nothing grants, and routes that ask for what nobody can hold", () => {
    const findingsOf = (table: string, demand?: string): readonly string[] =>
      checkConfiguration(write(writeTable(table), demand), SOURCES).findings.map(({ path }) => path);
    assert.deepEqual(findingsOf(TABLE.replace("orders:write]\n", "orders:write, unused]\n")), [
      "permissions.names[2]",
    ]);
    assert.deepEqual(findingsOf(TABLE, "orders:raed"), ["routes[0].require"]);
  });
});

describe("tenants", () => {
  it("that nobody lists are a bypass where everybody has an account", () => {
    const text = `
issuers:
  - { issuer: https://token.actions.githubusercontent.com, audiences: [a], keys: { discovery: true }, profile: github-actions, tenants: unchecked }
routes: [{ path: /**, allow: authenticated }]
`;
    const { problems, findings } = checkConfiguration(text, SOURCES);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      findings.map(({ path, kind }) => [path, kind]),
      [["issuers[0].tenants", "bypass"]],
    );
    const missing = checkConfiguration(text.replace(", tenants: unchecked", ""), SOURCES);
    assert.deepEqual(
      missing.problems.map(({ path }) => path),
      ["issuers[0].tenants"],
    );
  });
});
