/** The principal as headers toward the upstream. */

import type { Accepted, JsonValue } from "countersign";

import type { IdentityHeadersConfiguration } from "../config/configuration.ts";
import type { IdentityHeader } from "./decision.ts";

export type IdentityResult =
  | { readonly ok: true; readonly headers: readonly IdentityHeader[] }
  /** `name` is the header that would be too long. */
  | { readonly ok: false; readonly name: string };

/** Gives all identity headers of a verdict; without one, all of them empty. */
export type DescribeIdentity = (verdict: Accepted | undefined) => IdentityResult;

/** Longest identity in bytes, names and values together: most servers take 8 KiB for the whole header section. */
const MAX_IDENTITY_BYTES = 8192;

/**
 * Compiles the configured headers: `subject`, `issuer`, `client`, `scopes` (separated by spaces), `roles`
 * (by commas), and the configured claims. Values are UTF-8 of which everything but visible ASCII, and "%",
 * is percent-encoded; in comma-separated lists the comma too. What is no text, number, boolean or list of these is JSON.
 */
export function createIdentityDescriber(configuration: IdentityHeadersConfiguration): DescribeIdentity {
  const { prefix, claims, maxValueBytes } = configuration;
  const claimHeaders = Object.entries(claims).map(([claim, suffix]) => ({
    claim,
    name: `${prefix}${suffix}`,
  }));
  return (verdict) => {
    const principal = verdict?.principal;
    const headers: IdentityHeader[] = [
      [`${prefix}subject`, encodeText(principal?.subject ?? "")],
      [`${prefix}issuer`, encodeText(principal?.issuer ?? "")],
      [`${prefix}client`, encodeText(principal?.client ?? "")],
      [`${prefix}scopes`, (principal?.scopes ?? []).map(encodeText).join(" ")],
      [`${prefix}roles`, (principal?.roles ?? []).map(encodeListItem).join(",")],
    ];
    for (const { claim, name } of claimHeaders)
      headers.push([name, encodeClaim(verdict?.token.claims[claim])]);
    const long = headers.find(([, value]) => value.length > maxValueBytes);
    const total = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    if (long !== undefined) return { ok: false, name: long[0] };
    return total > MAX_IDENTITY_BYTES ? { ok: false, name: `${prefix}*` } : { ok: true, headers };
  };
}

/** The names of all identity headers, in lower case: every answer that allows carries each of them. */
export function listIdentityHeaders(configuration: IdentityHeadersConfiguration): readonly string[] {
  const blank = createIdentityDescriber(configuration)(undefined);
  return blank.ok ? blank.headers.map(([name]) => name.toLowerCase()) : [];
}

function encodeClaim(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "object") return encodeText(String(value));
  if (!isList(value)) return encodeText(JSON.stringify(value));
  const isFlat = value.every((item) => typeof item !== "object" || item === null);
  return isFlat
    ? value.map((item) => encodeListItem(String(item))).join(",")
    : encodeText(JSON.stringify(value));
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Everything but visible ASCII, and "%" itself. */
function encodeText(text: string): string {
  return percentEncode(text, /[^\x21-\x24\x26-\x7e]+/g);
}

function encodeListItem(text: string): string {
  return percentEncode(text, /[^\x21-\x24\x26-\x2b\x2d-\x7e]+/g);
}

function percentEncode(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (run) =>
    Array.from(
      Buffer.from(run, "utf8"),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
