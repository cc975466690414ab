/** Compiled files that no source stands behind any more. */

import { existsSync, globSync, rmSync } from "node:fs";
import path from "node:path";

/** `tsc -b` never deletes: a removed source would stay in `dist` and be packed. Returns the files removed. */
export function removeStaleOutput(root: string): string[] {
  const outputs = globSync("packages/*/dist/**/*.{js,js.map,d.ts,d.ts.map}", { cwd: root });
  const stale = outputs.filter((output) => {
    const stem = output.replace(/\.(js|d\.ts)(\.map)?$/, "").replace(/([\\/])dist([\\/])/, "$1src$2");
    return ![".ts", ".tsx"].some((extension) => existsSync(path.join(root, stem + extension)));
  });
  for (const output of stale) rmSync(path.join(root, output));
  return stale;
}
