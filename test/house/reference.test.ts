import assert from "node:assert/strict";
import { it } from "node:test";
import { createReferencePages, readPage } from "../../tools/write-reference.ts";

for (const [name, text] of createReferencePages()) {
  it(`docs/reference/${name} says what the tables in code say`, () => {
    assert.equal(
      readPage(name),
      text,
      "run `node --conditions=@countersign/source tools/write-reference.ts`",
    );
  });
}
