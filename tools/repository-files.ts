/** The text files of the repository: what git tracks or would track. */

import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";

const LARGEST_TEXT_BYTES = 4 * 1024 * 1024;

export interface RepositoryFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Paths relative to `root` of all files that git does not ignore and that exist. */
function listRepositoryFiles(root: string): string[] {
  const parameters = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", parameters, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(listed.split("\0"))]
    .filter(
      (file) => file !== "" && statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() === true,
    )
    .sort();
}

/** The files among them that hold text of a size a person writes. */
export function readRepositoryFiles(root: string, matches: (path: string) => boolean): RepositoryFile[] {
  return listRepositoryFiles(root)
    .filter(matches)
    .filter((file) => statSync(path.join(root, file)).size <= LARGEST_TEXT_BYTES)
    .map((file) => ({ path: file, text: readFileSync(path.join(root, file), "utf8") }))
    .filter(({ text }) => !text.includes("\0"));
}
