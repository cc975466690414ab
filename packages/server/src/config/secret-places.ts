/** Where a configuration says its secrets, and how: what a reader of the file, of the environment or of another file learns. */

import { resolve } from "node:path";

import { parseYaml } from "./parse-yaml.ts";

/** "file": written as `file:`. "environment": written as `${NAME}`. "literal": the secret itself stands there. */
export interface SecretPlace {
  /** Where in the configuration, such as "api.clients[0].secret". */
  readonly path: string;
  readonly source: "literal" | "environment" | "file";
  /** Absolute, of "file". */
  readonly file?: string;
}

const SECRET =
  /\.(?:password|secret|authorization|privateKey|clientSecret|base64url|tls\.key)$|^issuers\[\d+\]\.encryption\.keys(?:\.keys\[\d+\]\.d)?$|^signals\.transmitters\[\d+\]\.verificationState$/;
const VARIABLE = /\$\{[A-Za-z_][A-Za-z0-9_]*\}/;
const CREDENTIALS_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*@/i;

/** Lists the secrets of a configuration's text, without reading one. Empty where the text is no YAML. */
export function listSecretPlaces(text: string, baseDir: string): readonly SecretPlace[] {
  const yaml = parseYaml(text);
  return yaml.ok ? findIn(yaml.value, { path: "", baseDir }) : [];
}

function findIn(node: unknown, place: { readonly path: string; readonly baseDir: string }): SecretPlace[] {
  const { path, baseDir } = place;
  if (typeof node === "string") {
    if (SECRET.test(path)) return [describe(node, place)];
    return CREDENTIALS_IN_URL.test(node) ? [describe(node, place)] : [];
  }
  if (Array.isArray(node)) {
    return node.flatMap((item: unknown, index) => findIn(item, { path: `${path}[${index}]`, baseDir }));
  }
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, item]: [string, unknown]) =>
    findIn(item, { path: path === "" ? key : `${path}.${key}`, baseDir }),
  );
}

function describe(
  text: string,
  { path, baseDir }: { readonly path: string; readonly baseDir: string },
): SecretPlace {
  if (text.startsWith("file:"))
    return { path, source: "file", file: resolve(baseDir, text.slice("file:".length)) };
  return { path, source: VARIABLE.test(text) ? "environment" : "literal" };
}
