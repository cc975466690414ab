/** The principal as headers toward the upstream. */

import type { Accepted } from "countersign";
import { findClaim, parseClaimPath } from "countersign/policy";
import type { IdentityHeadersConfiguration } from "../config/configuration.ts";
import { FIELD_SUFFIXES } from "../config/principal-field.ts";
import type { IdentityHeader } from "./decision.ts";
import { encodeClaim, encodeListItem, encodeText } from "./encode-claim.ts";
import { encodeField, READ_FIELD } from "./principal-fields.ts";

export type IdentityResult =
  | { readonly ok: true; readonly headers: readonly IdentityHeader[] }
  /** `name` is the header that would be too long, or that its encoding cannot carry. */
  | { readonly ok: false; readonly name: string; readonly problem: "too_long" | "wrong_form" };

/** Gives all identity headers of a verdict; without one, all of them empty. */
export type DescribeIdentity = (verdict: Accepted | undefined) => IdentityResult;

/** Longest identity in bytes, names and values together: most servers take 8 KiB for the whole header section. */
const MAX_IDENTITY_BYTES = 8192;
/** Of a list, where the configuration does not say: the longest value holds no more of any length that is usual. */
const MAX_LIST_ITEMS = 256;
/** Of each header besides its name and value: colon, space, line end. */
const LINE_BYTES = 4;

/**
 * Compiles the configured headers: `subject`, `issuer`, `client`, `scopes` (separated by spaces), `roles`
 * (by commas), and the configured fields and claims. Values are UTF-8 of which everything but visible ASCII, and "%",
 * is percent-encoded; in comma-separated lists the comma too.
 */
export function createIdentityDescriber(configuration: IdentityHeadersConfiguration): DescribeIdentity {
  const { prefix, claims, fields = [], maxValueBytes, maxListItems = MAX_LIST_ITEMS } = configuration;
  const claimHeaders = Object.entries(claims).map(([text, header]) => {
    const path = parseClaimPath(text);
    if (path === undefined) throw new TypeError(`identityHeaders.claims: ${text} is no path of a claim`);
    const { header: suffix, encoding } =
      typeof header === "string" ? { header, encoding: undefined } : header;
    return { path, encoding, name: `${prefix}${suffix}` };
  });
  const fieldHeaders = fields.map((field) => {
    return { name: `${prefix}${FIELD_SUFFIXES[field]}`, read: READ_FIELD[field] };
  });
  const names = {
    subject: `${prefix}subject`,
    issuer: `${prefix}issuer`,
    client: `${prefix}client`,
    scopes: `${prefix}scopes`,
    roles: `${prefix}roles`,
  };
  return (verdict) => {
    const principal = verdict?.principal;
    for (const list of ["scopes", "roles"] as const) {
      if ((principal?.[list].length ?? 0) > maxListItems)
        return { ok: false, name: names[list], problem: "too_long" };
    }
    const headers: IdentityHeader[] = [
      [names.subject, encodeText(principal?.subject ?? "")],
      [names.issuer, encodeText(principal?.issuer ?? "")],
      [names.client, encodeText(principal?.client ?? "")],
      [names.scopes, joinEncoded(principal?.scopes, encodeText, " ")],
      [names.roles, joinEncoded(principal?.roles, encodeListItem, ",")],
    ];
    for (const { name, read } of fieldHeaders) {
      const value = encodeField(principal && read(principal), maxListItems);
      if (value === undefined) return { ok: false, name, problem: "too_long" };
      headers.push([name, value]);
    }
    for (const { path, encoding, name } of claimHeaders) {
      const value = verdict && encodeClaim(findClaim(verdict.token.claims, path), encoding);
      // Nothing is made up for a claim of another form: what the upstream reads there could be anything.
      if (verdict !== undefined && value === undefined) return { ok: false, name, problem: "wrong_form" };
      headers.push([name, value ?? ""]);
    }
    let total = 0;
    for (const [name, value] of headers) {
      if (value.length > maxValueBytes) return { ok: false, name, problem: "too_long" };
      total += name.length + value.length + LINE_BYTES;
    }
    return total > MAX_IDENTITY_BYTES
      ? { ok: false, name: `${prefix}*`, problem: "too_long" }
      : { ok: true, headers };
  };
}

function joinEncoded(
  items: readonly string[] | undefined,
  encode: (item: string) => string,
  separator: string,
): string {
  if (items === undefined || items.length === 0) return "";
  return items.map(encode).join(separator);
}

/** The names of all identity headers, in lower case: every answer that allows carries each of them. */
export function listIdentityHeaders(configuration: IdentityHeadersConfiguration): readonly string[] {
  const blank = createIdentityDescriber(configuration)(undefined);
  const { prefix, assertion } = configuration;
  const signed = assertion === undefined ? [] : [`${prefix}${assertion.header}`];
  return blank.ok ? [...blank.headers.map(([name]) => name.toLowerCase()), ...signed] : [];
}
