import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { it } from "node:test";

import { configurationJsonSchema } from "../../src/config/json-schema.ts";

const PUBLISHED = new URL("../../configuration.schema.json", import.meta.url);

it("configuration.schema.json is what the schema gives (UPDATE_SCHEMA=1 writes it)", () => {
  const current = `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`;
  if (process.env["UPDATE_SCHEMA"] === "1") writeFileSync(PUBLISHED, current);
  assert.equal(readFileSync(PUBLISHED, "utf8"), current);
});

it("every key of the schema has a closed set of members", () => {
  const open: string[] = [];
  visit(configurationJsonSchema(), "");
  assert.deepEqual(open, []);

  function visit(node: unknown, path: string): void {
    if (typeof node !== "object" || node === null) return;
    if ("properties" in node && (!("additionalProperties" in node) || node.additionalProperties !== false))
      open.push(path);
    for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
  }
});
