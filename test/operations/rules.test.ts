/** The alerts that the project hands out, by Prometheus' own tool. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { METRICS } from "../../packages/server/src/telemetry/metrics-table.ts";
import { findProgram } from "../kit/find-program.ts";
import { skipWithoutMonitoring } from "../kit/start-monitoring.ts";

const FOLDER = fileURLToPath(new URL("../../operations/rules/", import.meta.url));
const SUFFIX = /_(?:bucket|count|sum)$/;
const run = promisify(execFile);

async function promtool(...parameters: readonly string[]): Promise<string> {
  const program = findProgram("promtool");
  if (program === undefined) throw new Error("promtool is not installed; CI must install it");
  const { stdout } = await run(program, parameters, { cwd: FOLDER });
  return stdout;
}

describe("the rules for Prometheus", () => {
  const files = globSync("*.rules.yml", { cwd: FOLDER });
  const skip = skipWithoutMonitoring();

  it("are there, each with tests", () => {
    assert.ok(files.length > 0);
    const tests = globSync("*.test.yml", { cwd: FOLDER });
    assert.deepEqual(
      tests.toSorted(),
      files.map((file) => file.replace(".rules.yml", ".test.yml")).toSorted(),
    );
  });

  it("name no metric that the sidecar does not have", () => {
    const known = new Set<string>(Object.values(METRICS).map(({ name }) => name));
    for (const file of files) {
      const text = readFileSync(`${FOLDER}${file}`, "utf8");
      const names = text.match(/\bcountersign_\w+/g) ?? [];
      assert.ok(names.length > 0, file);
      for (const name of names) assert.ok(known.has(name) || known.has(name.replace(SUFFIX, "")), name);
    }
  });

  it("are what promtool takes", { skip }, async () => {
    for (const file of files) assert.match(await promtool("check", "rules", file), /SUCCESS/);
  });

  it("fire when they should, and only then", { skip }, async () => {
    for (const file of files) await promtool("test", "rules", file.replace(".rules.yml", ".test.yml"));
  });
});
