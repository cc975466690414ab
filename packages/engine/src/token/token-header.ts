/** The rules that every header must meet, whoever issued it (RFC 7515 section 4.1; RFC 8725 section 3). */

import { Refusal } from "../refusal.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { isKeyId, MAX_KEY_ID_LENGTH } from "./key-id.ts";

/** A header that meets the rules. Nothing in it is verified. */
export interface UnverifiedHeader extends JsonObject {
  readonly alg: string;
  readonly typ?: string;
  readonly kid?: string;
}

/** Undefined where the header meets the rules. */
export function checkHeader(header: JsonObject): Refusal | undefined {
  const { alg, kid, typ, cty } = header;
  if (typeof alg !== "string" || alg === "") return malformed("alg to be a string", describeKind(alg));
  if (header["crit"] !== undefined) return CRITICAL;
  // Unencoded payloads are forbidden in a JWT (RFC 7797 section 7), and b64 needs crit, so any b64 is wrong.
  if (header["b64"] !== undefined) return UNENCODED;
  if (kid !== undefined && !isKeyId(kid)) {
    return malformed(
      `kid to be a string of 1 to ${MAX_KEY_ID_LENGTH} printable characters`,
      describeKind(kid),
    );
  }
  if (typ !== undefined && typeof typ !== "string") return malformed("typ to be a string", describeKind(typ));
  if (cty === undefined) return undefined;
  if (typeof cty !== "string") return malformed("cty to be a string", describeKind(cty));
  // A token inside a token: the outer signature says nothing about the inner claims (RFC 8725 section 3.11).
  return /^(application\/)?jwt$/i.test(cty) ? NESTED : undefined;
}

const CRITICAL = new Refusal("critical_header_unsupported", { expected: "no crit", found: "crit" });
const UNENCODED = new Refusal("critical_header_unsupported", { expected: "no b64", found: "b64" });
const NESTED = new Refusal("type_mismatch", { expected: "a token that is not nested", found: "cty JWT" });

function malformed(expected: string, found: string): Refusal {
  return new Refusal("malformed_token", { expected, found });
}

/** What kind of JSON a value is, without showing it. */
export function describeKind(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "string") return value === "" ? "an empty string" : "a string of another form";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
