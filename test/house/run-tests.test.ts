/** The command that runs every test, on files that fail always, or only among others. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../../tools/run-command.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "countersign-runner-"));
});
after(() => {
  rmSync(folder, { recursive: true });
});

function runTests(name: string, options: readonly string[] = []): { code: number | null; output: string } {
  const { NODE_TEST_CONTEXT, CI, ...env } = process.env;
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(ROOT, "tools", "run-tests.ts"), path.join(folder, name, "*.test.mjs"), ...options],
    { encoding: "utf8", env, timeout: 60_000 },
  );
  return { code: status, output: stdout };
}

/** Fails the first time that it runs, and never again. */
function writeUnsteady(name: string): void {
  const marker = JSON.stringify(path.join(folder, name, "ran"));
  writeTest(
    name,
    "unsteady",
    `import { existsSync, writeFileSync } from "node:fs";
     test("stumbles", () => { if (!existsSync(${marker})) { writeFileSync(${marker}, ""); throw new Error("once"); } });`,
  );
}

function writeTest(folderName: string, name: string, body: string): void {
  const file = path.join(folder, folderName, `${name}.test.mjs`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `import { test } from "node:test";\n${body}\n`);
}

test("a failure that does not come again is no failure, and is named as unsteady", () => {
  writeUnsteady("unsteady");
  writeTest("unsteady", "good", `test("holds", () => undefined);`);
  const { code, output } = runTests("unsteady");
  assert.equal(code, 0, output);
  assert.match(output, /UNSTEADY: .*\n {2}stumbles \(.*unsteady\.test\.mjs\)/);
  assert.match(output, /2 passed, 0 failed, 0 skipped, 1 unsteady/);
});

test("a failure that does not come again is one where that is asked for", () => {
  writeUnsteady("once");
  const { code, output } = runTests("once", ["--once"]);
  assert.equal(code, 1, output);
  assert.match(output, /Failed:\n {2}stumbles .*\n\n0 passed, 1 failed, 0 skipped\n/);
});

test("a failure that comes again is a failure, also beside one that does not", () => {
  writeUnsteady("both");
  writeTest("both", "bad", `test("never holds", () => { throw new Error("always"); });`);
  const { code, output } = runTests("both");
  assert.equal(code, 1, output);
  assert.match(output, /Failed:\n {2}never holds .*\n\n1 passed, 1 failed, 0 skipped, 1 unsteady\n/);
});

test("many failing files are not tried again", () => {
  for (const name of ["a", "b", "c", "d"]) {
    writeTest("many", name, `test("never holds", () => { throw new Error("always"); });`);
  }
  const { code, output } = runTests("many");
  assert.equal(code, 1, output);
  assert.doesNotMatch(output, /again, alone/);
  assert.match(output, /0 passed, 4 failed, 0 skipped\n/);
});

test("a file that ends its process is a failure both times", () => {
  writeTest("ends", "ends", `test("ends", () => process.exit(3));`);
  assert.equal(runTests("ends").code, 1);
});
