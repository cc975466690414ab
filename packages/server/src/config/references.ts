/**
 * `${NAME}` and `file:` in a configuration. They are resolved after the YAML is parsed, so that what they
 * hold is always text: it cannot add keys, comments or further references.
 */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

import type { ConfigurationProblem } from "countersign";

import { parseYaml } from "./parse-yaml.ts";

/** Where references lead. */
export interface ReferenceSources {
  /** Variables for `${NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory from which relative `file:` paths start. */
  readonly baseDir: string;
}

export interface ResolvedReferences {
  readonly value: unknown;
  readonly problems: readonly ConfigurationProblem[];
}

const MAX_REFERENCED_BYTES = 1_048_576;
// "$${" is a literal "${".
const VARIABLE = /\$(\$\{|\{([^}]*)\})/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TEXT_PATH =
  /^(?:(?:revocation|replay|publishedStatusLists)\.store\.redis\.password|api\.clients\[\d+\]\.secret|audit\.(?:syslog\.ca|(?:otlp|webhook)\.authorization)|signals\.transmitters\[\d+\]\.(?:push|poll)\.authorization|publishedStatusLists\.lists\[\d+\]\.privateKey|issuers\[\d+\]\.keys\.secrets\[\d+\]\.base64url|(?:issuers\[\d+\]\.introspection|exchanges\.[\w-]+)\.(?:clientSecret|privateKey)|(?:listeners\.proxy|proxy|upstreams\.[\w-]+|issuers\[\d+\]\.introspection|exchanges\.[\w-]+|(?:revocation|replay|publishedStatusLists)\.store\.redis)\.tls\.(?:ca|clientCa|certificate|key))$/;
const KEY_SET_PATH =
  /^(?:(?:issuers|signals\.transmitters)\[\d+\]\.keys\.jwks|issuers\[\d+\]\.encryption\.keys)$/;

/** Copies a tree of plain values with every reference in it resolved. */
export function resolveReferences(tree: unknown, sources: ReferenceSources): ResolvedReferences {
  const problems: ConfigurationProblem[] = [];
  const value = resolveNode(tree, { path: "", sources, problems });
  return { value, problems };
}

interface Place {
  readonly path: string;
  readonly sources: ReferenceSources;
  readonly problems: ConfigurationProblem[];
}

function resolveNode(node: unknown, place: Place): unknown {
  if (typeof node === "string") return resolveText(node, place);
  if (Array.isArray(node)) {
    return node.map((item: unknown, index) =>
      resolveNode(item, { ...place, path: `${place.path}[${index}]` }),
    );
  }
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([key, item]: [string, unknown]) => {
    const path = place.path === "" ? key : `${place.path}.${key}`;
    return [key, resolveNode(item, { ...place, path })] as const;
  });
  return Object.fromEntries(entries);
}

function resolveText(text: string, place: Place): unknown {
  const expanded = text.includes("${") ? expandVariables(text, place) : text;
  if (!expanded.startsWith("file:")) return expanded;
  if (TEXT_PATH.test(place.path)) return readReferenced(expanded, place)?.trim() ?? expanded;
  if (place.path === "permissions") return readTable(expanded, place);
  if (!KEY_SET_PATH.test(place.path)) return expanded;
  const content = readReferenced(expanded, place);
  try {
    return content === undefined ? expanded : (JSON.parse(content) as unknown);
  } catch {
    place.problems.push({
      path: place.path,
      problem: `${expanded} holds no JSON`,
      remedy: 'Write a JWK Set: an object with the member "keys".',
    });
    return expanded;
  }
}

/** YAML of its own, with neither variables nor files in it. */
function readTable(reference: string, place: Place): unknown {
  const content = readReferenced(reference, place);
  if (content === undefined) return reference;
  const reading = parseYaml(content);
  if (reading.ok) return reading.value;
  for (const { path, problem } of reading.problems) {
    place.problems.push({
      path: place.path,
      problem: `${reference}, ${path}: ${problem}`,
      remedy: "Correct the file.",
    });
  }
  return reference;
}

function expandVariables(text: string, place: Place): string {
  return text.replace(VARIABLE, (whole: string, _part: string, name: string | undefined) => {
    if (name === undefined) return "${";
    const value = NAME.test(name) ? place.sources.env[name] : undefined;
    if (value === undefined) {
      place.problems.push({
        path: place.path,
        problem: `the environment has no variable ${JSON.stringify(name.slice(0, 64))}`,
        remedy: "Set it before the start. For a literal ${ write $${.",
      });
    }
    return value ?? whole;
  });
}

function readReferenced(reference: string, place: Place): string | undefined {
  const path = resolve(place.sources.baseDir, reference.slice("file:".length));
  try {
    const { size } = statSync(path);
    if (size <= MAX_REFERENCED_BYTES) return readFileSync(path, "utf8");
    place.problems.push({
      path: place.path,
      problem: `${reference} has ${size} bytes, more than ${MAX_REFERENCED_BYTES}`,
      remedy: "Name the file that holds nothing but the value.",
    });
  } catch (error) {
    place.problems.push({
      path: place.path,
      problem: `${reference} cannot be read (${errorCode(error)})`,
      remedy: "Check the path, relative to the configuration file, and its permissions.",
    });
  }
  return undefined;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "unknown error";
}
