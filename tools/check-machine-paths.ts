/** Finds paths of somebody's machine in the repository's files: they mean nothing to anyone else. */

import type { Finding } from "./finding.ts";
import { readRepositoryFiles } from "./repository-files.ts";

/** Places where checkouts and homes live; written so that this file does not find itself. */
const MACHINE_PATH = /(?<![\w.$@:)}-])\/(?:work|root|workspaces?|Users\/\w+|home\/\w+|tmp\/brief)\/[\w.]/;

/** Third-party data is kept byte for byte. */
function isOurs(path: string): boolean {
  return !path.startsWith("conformance/vectors/") && path !== "package-lock.json";
}

export function checkMachinePaths(root: string): Finding[] {
  return readRepositoryFiles(root, isOurs).flatMap(({ path, text }) =>
    text.split("\n").flatMap((content, index) => {
      const found = MACHINE_PATH.exec(content);
      if (found === null) return [];
      return [
        {
          path,
          line: index + 1,
          message: `names a place on one machine ("${found[0]}…"): write it relative to the repository`,
        },
      ];
    }),
  );
}
