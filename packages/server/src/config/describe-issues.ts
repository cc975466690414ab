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
  return issues
    .flatMap(openUnion)
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => describeUnknownKey([...issue.path, key], schema))
        : [describeIssue(issue, { schema, isMissing: findValue(root, issue.path) === undefined })],
    );
}

/** Of a union without a text of its own, what is wrong with the alternative that was meant: the one that got furthest. */
function openUnion(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input") return [issue];
  const meant = issue.errors.find((errors) =>
    errors.every((error) => error.path.length > 0 || error.code === "unrecognized_keys"),
  );
  if (meant === undefined || meant.length === 0)
    return [{ ...issue, message: "Expected a value of one of the documented forms" }];
  return meant.map((error) => ({ ...error, path: [...issue.path, ...error.path] })).flatMap(openUnion);
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
  const owner = findSchema(schema, path.slice(0, -1));
  const branches = owner === undefined ? [] : listBranches(owner, schema);
  const known = branches.flatMap(({ properties }) => Object.keys(properties ?? {}));
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
    const branches = listBranches(schema, root);
    if (typeof part === "number") return branches.find(({ items }) => items !== undefined)?.items;
    const owner = branches.find((branch) => branch.properties?.[String(part)] !== undefined);
    return owner?.properties?.[String(part)] ?? readOpen(branches);
  }, root);
}

/** The schema, its alternatives, and those of what it refers to. */
function listBranches(schema: JsonSchema, root: JsonSchema): readonly JsonSchema[] {
  const name = schema.$ref?.replace("#/$defs/", "");
  const named = name === undefined ? undefined : root.$defs?.[name];
  return [schema, ...(schema.anyOf ?? []), ...(named === undefined ? [] : [named, ...(named.anyOf ?? [])])];
}

/** What a key of any name holds. */
function readOpen(branches: readonly JsonSchema[]): JsonSchema | undefined {
  for (const { additionalProperties } of branches) {
    if (typeof additionalProperties === "object") return additionalProperties;
  }
  return undefined;
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
