/**
 * The one reading of a path: for requests and for the patterns of routes. A path that servers read in
 * different ways (RFC 3986 section 6; CVE-2021-29492, CVE-2026-42274 and others) has none and is refused.
 */

/** `path` is percent-decoded; it is for comparing only. What is forwarded are the bytes that came. */
export type PathReading =
  | { readonly ok: true; readonly path: string }
  /** `problem` is constant text: nothing of the path. */
  | { readonly ok: false; readonly problem: string };

/** Longest path in characters, as sent. */
export const MAX_PATH_CHARACTERS = 8192;

// RFC 3986 section 3.3 pchar and "/", but ";": what follows it is a parameter to some servers and data to others.
const PATH_CHARACTERS = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@/]|%[0-9A-Fa-f]{2})*$/;
const ENCODED_SEPARATOR = /%(?:2[Ff]|5[Cc])/;
const ENCODED_CONTROL = /%(?:[01][0-9A-Fa-f]|7[Ff])/;
const ENCODED_TWICE = /%25[0-9A-Fa-f]{2}/;

/** Reads a path as sent, without query; linear in its length. */
export function readPath(raw: string): PathReading {
  const problem = findAmbiguity(raw);
  if (problem !== undefined) return { ok: false, problem };
  if (!raw.includes("%")) return checkSegments(raw);
  try {
    return checkSegments(decodeURIComponent(raw));
  } catch {
    return { ok: false, problem: "percent-encoding that is not UTF-8" };
  }
}

function findAmbiguity(raw: string): string | undefined {
  if (!raw.startsWith("/")) return "a target that does not begin with a slash";
  if (raw.length > MAX_PATH_CHARACTERS) return `a path of more than ${MAX_PATH_CHARACTERS} characters`;
  if (!PATH_CHARACTERS.test(raw)) return "a character that a path cannot have unencoded";
  if (ENCODED_SEPARATOR.test(raw)) return "an encoded slash or backslash";
  if (ENCODED_CONTROL.test(raw)) return "an encoded control character";
  if (ENCODED_TWICE.test(raw)) return "percent-encoding that was encoded again";
  return undefined;
}

function checkSegments(path: string): PathReading {
  const segments = path.split("/");
  // The first is before the leading slash, the last is empty where the path ends with one.
  for (let index = 1; index < segments.length; index += 1) {
    const segment = segments[index];
    if (segment === "." || segment === "..") return { ok: false, problem: "a dot segment" };
    if (segment === "" && index < segments.length - 1) return { ok: false, problem: "an empty segment" };
  }
  return { ok: true, path };
}
