/** The rules that every header must meet, whoever issued it (RFC 7515 section 4.1; RFC 8725 section 3). */

import { Refusal } from "../refusal.ts";
import { describeKind } from "./describe-kind.ts";
import type { JsonObject } from "./json-value.ts";
import { isKeyId, KEY_ID_RULE } from "./key-id.ts";

/** A header that meets the rules. Nothing in it is verified. */
export interface UnverifiedHeader extends JsonObject {
  readonly alg: string;
  readonly typ?: string;
  readonly kid?: string;
}

/** Undefined where the header meets the rules. */
export function checkHeader(header: JsonObject): Refusal | undefined {
  const { alg, kid, typ, cty, crit, b64 } = header;
  if (alg === "" || !isText(alg)) return malformed("alg to be a string", alg);
  if (crit !== undefined) return CRITICAL;
  // Unencoded payloads are forbidden in a JWT (RFC 7797 section 7), and b64 needs crit, so any b64 is wrong.
  if (b64 !== undefined) return UNENCODED;
  if (kid !== undefined && !isKeyId(kid)) return malformed(`kid to be ${KEY_ID_RULE}`, kid);
  if (typ !== undefined && !isText(typ)) return malformed("typ to be a string", typ);
  if (cty === undefined) return undefined;
  if (!isText(cty)) return malformed("cty to be a string", cty);
  // A token inside a token: the outer signature says nothing about the inner claims (RFC 8725 section 3.11).
  return /^(application\/)?jwt$/i.test(cty) ? NESTED : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

const CRITICAL = new Refusal("critical_header_unsupported", { expected: "no crit", found: "crit" });
const UNENCODED = new Refusal("critical_header_unsupported", { expected: "no b64", found: "b64" });
const NESTED = new Refusal("type_mismatch", { expected: "a token that is not nested", found: "cty JWT" });

function malformed(expected: string, value: unknown): Refusal {
  return new Refusal("malformed_token", { expected, found: describeKind(value) });
}
