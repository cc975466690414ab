/** Writes what `operations/` hands out from the tables in code: `node tools/write-operations.ts`. A test holds it current. */

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { createExports } from "../packages/cli/src/rules/create-exports.ts";

export const OPERATIONS_FOLDER: string = path.resolve(import.meta.dirname, "../operations");

/** Paths below `operations/` to texts. */
export function createOperations(): ReadonlyMap<string, string> {
  const folders = [
    ["rules", "prometheus"],
    ["alertmanager", "alertmanager"],
    ["service-levels", "openslo"],
    ["service-levels", "sloth"],
    ["runbooks", "runbooks"],
    ["checklists", "checklists"],
  ] as const;
  return new Map(
    folders.flatMap(([folder, format]) =>
      [...createExports(format)].map(([name, text]) => [`${folder}/${name}`, text] as const),
    ),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, text] of createOperations()) {
    const file = path.join(OPERATIONS_FOLDER, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
