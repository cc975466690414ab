const MAX_DEPTH = 8;
/** Places at which JSON is looked for, so that text full of brackets costs little. */
const MAX_STARTS = 64;

/**
 * Whether text holds a JWK or a JWK Set: as JSON at any place, nested in objects, arrays or strings of
 * JSON, or at least a member `"kty"` where what is around it is no JSON.
 */
export function isJsonKey(text: string): boolean {
  if (/"kty\\*"\s*:/.test(text)) return true;
  const ends = new Map([
    ["{", text.lastIndexOf("}")],
    ["[", text.lastIndexOf("]")],
    ['"', text.lastIndexOf('"')],
  ]);
  let starts = 0;
  for (let index = 0; index < text.length && starts < MAX_STARTS; index++) {
    const end = ends.get(text.charAt(index));
    if (end === undefined || end <= index) continue;
    starts++;
    if (holdsKey(parse(text.slice(index, end + 1)), 0)) return true;
  }
  return false;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function holdsKey(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (typeof value === "string") return /[{["]/.test(value) && holdsKey(parse(value), depth + 1);
  if (typeof value !== "object" || value === null) return false;
  if (Object.hasOwn(value, "kty")) return true;
  return Object.values(value).some((member) => holdsKey(member, depth + 1));
}
