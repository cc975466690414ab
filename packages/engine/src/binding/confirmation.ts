/** The `cnf` claim (RFC 7800 section 3.1): which keys the holder of a token has to prove. */

import { Refusal } from "../refusal.ts";
import { isCanonicalBase64url } from "../token/base64url.ts";
import { isObject } from "../token/describe-kind.ts";

/** SHA-256 thumbprints in base64url; each that is there has to be proved. */
export interface Confirmation {
  /** Of the key that signs DPoP proofs (RFC 9449 section 6.1, RFC 7638). */
  readonly jkt: string | undefined;
  /** Of the client certificate (RFC 8705 section 3.1). */
  readonly certificateSha256: string | undefined;
}

const JKT = "jkt";
const X5T_S256 = "x5t#S256";
/** Characters of 32 octets in base64url. */
const THUMBPRINT_CHARACTERS = 43;

const NO_METHOD = new Refusal("binding_missing", {
  expected: `cnf with nothing but ${JKT} and ${X5T_S256}`,
  found: "no confirmation method that can be checked here, or another one beside it",
});
const MISSHAPEN = new Refusal("claim_invalid", {
  expected: `each of ${JKT} and ${X5T_S256} in cnf to be a SHA-256 in base64url`,
  found: "something else",
});

/**
 * Reads a `cnf` that is there. A method that nobody here understands may be the one that counts, so a `cnf` with any
 * other member is refused, and so is one without any.
 */
export function readConfirmation(cnf: unknown): Confirmation | Refusal {
  if (!isObject(cnf)) return NO_METHOD;
  const names = Object.keys(cnf);
  if (names.length === 0 || names.some((name) => name !== JKT && name !== X5T_S256)) return NO_METHOD;
  const jkt = cnf[JKT];
  const certificateSha256 = cnf[X5T_S256];
  return isThumbprint(jkt) && isThumbprint(certificateSha256) ? { jkt, certificateSha256 } : MISSHAPEN;
}

function isThumbprint(value: unknown): value is string | undefined {
  if (value === undefined) return true;
  return typeof value === "string" && value.length === THUMBPRINT_CHARACTERS && isCanonicalBase64url(value);
}
