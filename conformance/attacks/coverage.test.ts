import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** Classes of attack that concern the engine; 43, 46 to 50 and 61 on need a server, a store or a network around it. */
const NUMBERS = [...range(1, 42), 44, 45, ...range(51, 60)];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test("every class of attack that concerns the engine has a test with its number", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  const titles = files.flatMap((name) => {
    const text = readFileSync(new URL(name, import.meta.url), "utf8");
    return text.match(/["`]J\d+ (?:J\d+ )*/g) ?? [];
  });
  const covered = new Set(titles.flatMap((title) => title.match(/\d+/g) ?? []).map(Number));
  assert.deepEqual(
    NUMBERS.filter((number) => !covered.has(number)),
    [],
  );
});
