import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";
import { BACKENDS, readBackendOptions } from "@countersign/signing-keys";
import { parse } from "yaml";

const ROOT = path.resolve(import.meta.dirname, "../..");

function readText(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

it("the guide has an example of each back end, and its configuration is accepted", () => {
  const blocks = [...readText("docs/guide/signing-backends.md").matchAll(/```yaml\n([\s\S]*?)```/g)];
  const options = blocks.map(([, text]) => readBackendOptions(parse(text ?? "")));
  assert.deepEqual(
    options.map(({ backend }) => backend),
    BACKENDS.map(({ name }) => name),
  );
});

it("the packages that back ends need are optional peers of the package, and there are no others", () => {
  const manifest = JSON.parse(readText("packages/signing-keys/package.json")) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
    readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const peers = BACKENDS.flatMap((entry) => entry.peers).sort();
  assert.deepEqual(Object.keys(manifest.peerDependencies).sort(), peers);
  for (const peer of peers) {
    assert.equal(manifest.peerDependenciesMeta[peer]?.optional, true, peer);
    assert.equal(manifest.dependencies[peer], undefined, peer);
  }
});
