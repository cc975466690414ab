/** Turns what zod found into problems with a path and a remedy. Never shows a value: it may be a secret. */

import type { ConfigurationProblem } from "countersign";
import type * as z from "zod";
import type { JsonSchema } from "./json-schema.ts";
import { configurationJsonSchema } from "./json-schema.ts";

type Path = readonly PropertyKey[];

/** One problem for each unknown key and each other issue. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
): readonly ConfigurationProblem[] {
  const schema = configurationJsonSchema();
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => describeUnknownKey([...issue.path, key], schema))
      : [describeIssue(issue, { schema, isMissing: findValue(root, issue.path) === undefined })],
  );
}

/** "issuers[0].keys.jwksUri". */
function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function describeIssue(
  issue: z.core.$ZodIssue,
  facts: { readonly schema: JsonSchema; readonly isMissing: boolean },
): ConfigurationProblem {
  // An item of a list is described by its list.
  const place = typeof issue.path.at(-1) === "number" ? issue.path.slice(0, -1) : issue.path;
  const message = lowerFirst(issue.message.replace(/^Invalid input: |, received undefined$/g, ""));
  return {
    path: formatPath(issue.path) || "(root)",
    problem: facts.isMissing ? `missing; ${message}` : message,
    remedy: findSchema(facts.schema, place)?.description ?? "See the configuration's JSON Schema.",
  };
}

function findValue(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    return typeof value === "object" && value !== null
      ? (value as Record<PropertyKey, unknown>)[part]
      : undefined;
  }, root);
}

function describeUnknownKey(path: Path, schema: JsonSchema): ConfigurationProblem {
  const known = Object.keys(findSchema(schema, path.slice(0, -1))?.properties ?? {});
  const key = String(path.at(-1));
  const edits = Math.max(2, Math.floor(key.length / 4));
  const near = known.find((name) => countEdits(name.toLowerCase(), key.toLowerCase()) <= edits);
  return {
    path: formatPath(path),
    problem: "unknown key",
    remedy: near === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${near}"?`,
  };
}

function findSchema(root: JsonSchema, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, part) => {
    if (schema === undefined) return undefined;
    if (typeof part === "number") return schema.items;
    const branches = [schema, ...(schema.anyOf ?? [])];
    return branches.find((branch) => branch.properties?.[String(part)] !== undefined)?.properties?.[
      String(part)
    ];
  }, root);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** Levenshtein distance; keys are short, and longer ones than 64 are no near miss. */
function countEdits(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? Infinity;
}
