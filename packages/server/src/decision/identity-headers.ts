/** The principal as headers toward the upstream. */

import type { Accepted } from "countersign";

import type { IdentityHeadersConfiguration } from "../config/configuration.ts";
import { findClaim, parseClaimPath } from "../policy/claim-path.ts";
import type { IdentityHeader } from "./decision.ts";
import { encodeClaim, encodeListItem, encodeText } from "./encode-claim.ts";

export type IdentityResult =
  | { readonly ok: true; readonly headers: readonly IdentityHeader[] }
  /** `name` is the header that would be too long, or that its encoding cannot carry. */
  | { readonly ok: false; readonly name: string; readonly problem: "too_long" | "wrong_form" };

/** Gives all identity headers of a verdict; without one, all of them empty. */
export type DescribeIdentity = (verdict: Accepted | undefined) => IdentityResult;

/** Longest identity in bytes, names and values together: most servers take 8 KiB for the whole header section. */
const MAX_IDENTITY_BYTES = 8192;

/**
 * Compiles the configured headers: `subject`, `issuer`, `client`, `scopes` (separated by spaces), `roles`
 * (by commas), and the configured claims. Values are UTF-8 of which everything but visible ASCII, and "%",
 * is percent-encoded; in comma-separated lists the comma too.
 */
export function createIdentityDescriber(configuration: IdentityHeadersConfiguration): DescribeIdentity {
  const { prefix, claims, maxValueBytes } = configuration;
  const claimHeaders = Object.entries(claims).map(([text, header]) => {
    const path = parseClaimPath(text);
    if (path === undefined) throw new TypeError(`identityHeaders.claims: ${text} is no path of a claim`);
    const { header: suffix, encoding } =
      typeof header === "string" ? { header, encoding: undefined } : header;
    return { path, encoding, name: `${prefix}${suffix}` };
  });
  return (verdict) => {
    const principal = verdict?.principal;
    const headers: IdentityHeader[] = [
      [`${prefix}subject`, encodeText(principal?.subject ?? "")],
      [`${prefix}issuer`, encodeText(principal?.issuer ?? "")],
      [`${prefix}client`, encodeText(principal?.client ?? "")],
      [`${prefix}scopes`, (principal?.scopes ?? []).map(encodeText).join(" ")],
      [`${prefix}roles`, (principal?.roles ?? []).map(encodeListItem).join(",")],
    ];
    for (const { path, encoding, name } of claimHeaders) {
      const value = verdict && encodeClaim(findClaim(verdict.token.claims, path), encoding);
      // Nothing is made up for a claim of another form: what the upstream reads there could be anything.
      if (verdict !== undefined && value === undefined) return { ok: false, name, problem: "wrong_form" };
      headers.push([name, value ?? ""]);
    }
    const long = headers.find(([, value]) => value.length > maxValueBytes);
    const total = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    if (long !== undefined) return { ok: false, name: long[0], problem: "too_long" };
    return total > MAX_IDENTITY_BYTES
      ? { ok: false, name: `${prefix}*`, problem: "too_long" }
      : { ok: true, headers };
  };
}

/** The names of all identity headers, in lower case: every answer that allows carries each of them. */
export function listIdentityHeaders(configuration: IdentityHeadersConfiguration): readonly string[] {
  const blank = createIdentityDescriber(configuration)(undefined);
  return blank.ok ? blank.headers.map(([name]) => name.toLowerCase()) : [];
}
