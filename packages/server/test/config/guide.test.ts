import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";

const GUIDE = new URL("../../../../docs/guide/policy.md", import.meta.url);

it("the guide's configuration can be used, and all that is found in it is accepted with a reason", () => {
  const text = /```yaml\n(.*?)```/s.exec(readFileSync(GUIDE, "utf8"))?.[1] ?? "";
  const report = checkConfiguration(text, { env: {}, baseDir: "/nonexistent" });
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.findings, []);
  assert.deepEqual(
    report.accepted.map(({ path, kind }) => [path, kind]),
    [["routes[6]", "opt_out"]],
  );
});
