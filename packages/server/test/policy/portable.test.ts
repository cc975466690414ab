import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { it } from "node:test";

const FOLDER = new URL("../../src/policy/", import.meta.url);

it("the policy runs wherever the library does: no file of it needs Node", () => {
  const files = readdirSync(FOLDER);
  assert.ok(files.length > 5);
  for (const file of files) {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    assert.doesNotMatch(text, /from "node:|from "\.\.\/|\b(?:Buffer|process|setImmediate)\b/, file);
  }
});
