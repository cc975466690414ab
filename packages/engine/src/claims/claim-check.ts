/** A named rule about claims, compiled from an issuer's configuration. Needs no key, no I/O, and has no side effect. */

import type { Refusal } from "../refusal.ts";
import type { JsonObject } from "../token/json-value.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";

export interface ClaimSubject {
  readonly header: UnverifiedHeader;
  readonly claims: JsonObject;
}

export interface ClaimCheck {
  /** What `explain` calls it: the claim's name, "typ" or "token kind". */
  readonly name: string;
  /** For people: what passes. */
  readonly expected: string;
  /** True where the check relies on no other: forms and presence. The others rely on the forms being right. */
  readonly standsAlone: boolean;
  /** True where the answer changes with time. The others say the same of a token for ever. */
  readonly dependsOnTime: boolean;
  /** Undefined where the rule is met. @param nowSeconds Seconds since the epoch, with fractions. */
  readonly run: (subject: ClaimSubject, nowSeconds: number) => Refusal | undefined;
  /** The value as text, to be shown only once the signature is verified. */
  readonly show: (subject: ClaimSubject, nowSeconds: number) => string | undefined;
}

const MAX_SHOWN_LENGTH = 200;

/** A claim as JSON, cut where long. */
export function showClaim(claims: JsonObject, name: string): string | undefined {
  const text = JSON.stringify(claims[name]) as string | undefined;
  return text !== undefined && text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
