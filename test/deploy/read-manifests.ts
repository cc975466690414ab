import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** Any member of a manifest; a missing one is undefined, however deep. */
export type Tree = { readonly [key: string]: Tree } & readonly Tree[];

/** The text of a file under `deploy/`. */
export function readDeploy(path: string): string {
  return readFileSync(new URL(`../../deploy/${path}`, import.meta.url), "utf8");
}

/** Documents of a file under `deploy/`, by kind. Duplicate keys and other defects of the YAML throw. */
export function readManifests(path: string): ReadonlyMap<string, Tree> {
  const documents = parseAllDocuments(readDeploy(path), { uniqueKeys: true });
  const byKind = documents.map((document): [string, Tree] => {
    assert.deepEqual(document.errors, []);
    const tree = document.toJS() as Tree;
    return [String(tree["kind"]), tree];
  });
  assert.equal(new Set(byKind.map(([kind]) => kind)).size, byKind.length);
  return new Map(byKind);
}
