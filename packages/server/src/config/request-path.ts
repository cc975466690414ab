/**
 * The one reading of a path: for requests and for the patterns of routes. A path that servers read in
 * different ways (RFC 3986 section 6; CVE-2021-29492, CVE-2026-42274 and others) has none and is refused, unless
 * the configuration says how the upstream reads it.
 */

import type { PathsConfiguration } from "./configuration.ts";

/** `path` is percent-decoded; it is for comparing only. What is forwarded are the bytes that came. */
export type PathReading =
  | { readonly ok: true; readonly path: string }
  /** `problem` is constant text: nothing of the path. */
  | { readonly ok: false; readonly problem: string };

/** Longest path in characters, as sent. */
export const MAX_PATH_CHARACTERS = 8192;

/** Nothing ambiguous is read at all. */
export const STRICT_PATHS: PathsConfiguration = Object.freeze({
  encodedSlash: "reject",
  backslash: "reject",
  dotSegments: "reject",
  doubleSlash: "reject",
  semicolon: "reject",
});

// RFC 3986 section 3.3 pchar and "/", but ";": what follows it is a parameter to some servers and data to others.
const PATH_CHARACTERS = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/;\\]|%[0-9A-Fa-f]{2})*$/;
// Segments that no server reads in another way than the next: nothing to decode, to resolve or to merge.
const PLAIN = /^(?:\/[A-Za-z0-9\-_~!$&'()*+,=:@][A-Za-z0-9\-._~!$&'()*+,=:@]*)+\/?$/;
const ENCODED_CONTROL = /%(?:[01][0-9A-Fa-f]|7[Ff])/;
const ENCODED_TWICE = /%25[0-9A-Fa-f]{2}/;

/** Reads a path as sent, without query; linear in its length. */
export function readPath(raw: string, paths: PathsConfiguration = STRICT_PATHS): PathReading {
  if (raw.length <= MAX_PATH_CHARACTERS && PLAIN.test(raw)) return { ok: true, path: raw };
  const problem = findAmbiguity(raw, paths);
  if (problem !== undefined) return refuse(problem);
  const plain = paths === STRICT_PATHS ? raw : resolveSeparators(raw, paths);
  if (!plain.includes("%")) return readSegments(plain, paths);
  try {
    return readSegments(decodeURIComponent(plain), paths);
  } catch {
    return refuse("percent-encoding that is not UTF-8");
  }
}

function findAmbiguity(raw: string, paths: PathsConfiguration): string | undefined {
  if (!raw.startsWith("/")) return "a target that does not begin with a slash";
  if (raw.length > MAX_PATH_CHARACTERS) return `a path of more than ${MAX_PATH_CHARACTERS} characters`;
  if (!PATH_CHARACTERS.test(raw)) return "a character that a path cannot have unencoded";
  if (paths.semicolon === "reject" && raw.includes(";")) return "a semicolon, which not everyone reads alike";
  if (paths.backslash === "reject" && /\\|%5[Cc]/.test(raw)) return "a backslash, encoded or not";
  if (paths.encodedSlash === "reject" && /%2[Ff]/.test(raw)) return "an encoded slash";
  if (ENCODED_CONTROL.test(raw)) return "an encoded control character";
  if (ENCODED_TWICE.test(raw)) return "percent-encoding that was encoded again";
  return undefined;
}

/** In the order of servers that do so: backslashes, parameters, then what is encoded. */
function resolveSeparators(raw: string, paths: PathsConfiguration): string {
  let path = raw;
  if (paths.backslash === "slash") path = path.replaceAll("\\", "/").replace(/%5[Cc]/g, "/");
  if (paths.semicolon === "strip") path = path.replace(/;[^/]*/g, "");
  // As data it stays encoded, which no other text decodes to: what was encoded twice is refused.
  if (paths.encodedSlash === "keep") path = path.replace(/%2[Ff]/g, "%252F");
  return path;
}

function readSegments(decoded: string, paths: PathsConfiguration): PathReading {
  const path = paths.doubleSlash === "merge" ? decoded.replace(/\/{2,}/g, "/") : decoded;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === "" && !isLast && paths.doubleSlash === "reject") return refuse("an empty segment");
    if (segment !== "." && segment !== "..") {
      kept.push(segment);
      continue;
    }
    if (paths.dotSegments === "reject") return refuse("a dot segment");
    if (segment === ".." && kept.pop() === undefined) return refuse("dot segments that lead above the root");
    if (isLast) kept.push("");
  }
  return { ok: true, path: `/${kept.join("/")}` };
}

function refuse(problem: string): PathReading {
  return { ok: false, problem };
}
