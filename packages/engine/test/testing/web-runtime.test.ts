import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

async function staticNodeImports(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../src/${entry}`, import.meta.url))],
    bundle: true,
    write: false,
    splitting: true,
    outdir: "unused",
    format: "esm",
    platform: "neutral",
    conditions: ["@countersign/source"],
    external: ["node:*"],
    metafile: true,
    logLevel: "silent",
  });
  const found: string[] = [];
  const seen = new Set<string>();
  const waiting = Object.keys(metafile.inputs).filter((path) => path.endsWith(`src/${entry}`));
  assert.equal(waiting.length, 1);
  for (const path of waiting) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { path: target, kind } of metafile.inputs[path]?.imports ?? []) {
      if (kind !== "import-statement") continue;
      if (target.startsWith("node:")) found.push(`${path} imports ${target}`);
      else waiting.push(target);
    }
  }
  assert.ok(seen.size > 5, "the walk went through the modules");
  return found;
}

describe("on a runtime without node: modules", () => {
  for (const entry of ["testing/index.ts", "http/index.ts"]) {
    test(`${entry} loads, for it imports them on demand only`, async () => {
      assert.deepEqual(await staticNodeImports(entry), []);
    });
  }
});
