import assert from "node:assert/strict";
import { test } from "node:test";
import { runInProcess } from "./kit/run-in-process.ts";
import { createTestFolder } from "./kit/test-tokens.ts";

const TABLE = `
permissions:
  names: [orders:read, orders:write, books:read]
  implies: { orders:write: [orders:read] }
  services: [{ service: books, audiences: [books], tenants: [a] }]
  grants:
    - { to: [orders:write], roles: [editor], issuers: [staff] }
    - { to: [books:read], scopes: [books], service: books }
`;
const CONFIGURATION = `
issuers:
  - { issuer: https://staff.test/, name: staff, audiences: [books, orders], keys: { discovery: true } }
  - { issuer: https://other.test/, audiences: [orders], keys: { discovery: true } }
routes: [{ path: /**, allow: authenticated }]
`;

async function ask(text: string, ...flags: readonly string[]): ReturnType<typeof runInProcess> {
  await using folder = await createTestFolder();
  return await runInProcess(["permissions", "-c", await folder.write("countersign.yaml", text), ...flags]);
}

test("permissions says what is granted, with what that implies, in the table's order", async () => {
  const { code, stdout } = await ask(CONFIGURATION + TABLE, "--issuer", "staff", "--role", "editor");
  assert.deepEqual([code, stdout], [0, "✓ orders:read\n✓ orders:write\n"]);
});

test("permissions keeps issuers, tenants and services apart", async () => {
  const other = await ask(CONFIGURATION + TABLE, "--issuer", "other.test", "--role", "editor");
  assert.deepEqual([other.code, other.stdout], [0, "nothing is granted\n"]);
  const books = ["--issuer", "staff", "--scope", "books", "--audience", "books", "--json"];
  const without = await ask(CONFIGURATION + TABLE, ...books);
  assert.deepEqual(JSON.parse(without.stdout), { ok: true, permissions: [], missing: [] });
  const within = await ask(CONFIGURATION + TABLE, ...books, "--tenant", "a");
  assert.deepEqual(JSON.parse(within.stdout), { ok: true, permissions: ["books:read"], missing: [] });
});

test("permissions is a negative answer where one that is required is not granted", async () => {
  const flags = ["--issuer", "staff", "--role", "editor", "--require", "orders:read"];
  assert.equal((await ask(CONFIGURATION + TABLE, ...flags)).code, 0);
  const { code, stdout } = await ask(CONFIGURATION + TABLE, ...flags, "--require", "books:read");
  assert.equal(code, 1);
  assert.match(stdout, /✗ books:read/);
});

test("permissions cannot answer without a table, or about names that are not in the file", async () => {
  const answers = [
    await ask(CONFIGURATION, "--issuer", "staff"),
    await ask(CONFIGURATION + TABLE, "--issuer", "nobody"),
    await ask(CONFIGURATION + TABLE, "--issuer", "staff", "--require", "orders:raed"),
    await ask(CONFIGURATION + TABLE.replace("to: [orders:write]", "to: [nothing]"), "--issuer", "staff"),
  ];
  for (const { code, stdout } of answers) assert.deepEqual([code, stdout], [2, ""]);
  assert.match(answers[1]?.stderr ?? "", /staff, other\.test/);
});
