/** YAML 1.2 by the `yaml` package: it keeps to the core schema, refuses duplicate keys, and knows positions. */

import type { ConfigurationProblem } from "countersign";
import { parseAllDocuments } from "yaml";

export type YamlReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly [ConfigurationProblem, ...ConfigurationProblem[]] };

// Bounds what aliases of aliases can expand to.
const MAX_ALIASES = 100;

/** Parses exactly one document of plain values. */
export function parseYaml(text: string): YamlReading {
  const documents = parseAllDocuments(text, {
    version: "1.2",
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: true,
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined)
    return refuse("(root)", "the file is empty", "Write at least `issuers` and `routes`.");
  if (second !== undefined)
    return refuse("(root)", "more than one YAML document", "Keep one and remove the `---` lines.");
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0];
    const place = line === undefined ? "(root)" : `line ${line.line}, column ${line.col}`;
    // The message's first line; the others quote the file.
    return refuse(
      place,
      error.message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? "bad YAML",
      "Correct the YAML.",
    );
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch {
    return refuse("(root)", `aliases expand to more than ${MAX_ALIASES} copies`, "Write the values out.");
  }
}

function refuse(path: string, problem: string, remedy: string): YamlReading {
  return { ok: false, problems: [{ path, problem, remedy }] };
}
