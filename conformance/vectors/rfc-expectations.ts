import type { ReasonName } from "countersign";

export interface RfcExpectation {
  /** What `validate` answers, an hour before the examples' claims expire. */
  readonly verdict: ReasonName | "ok";
  /** What form, header, algorithm, key and signature alone say; undefined where there is no compact signature. */
  readonly signature?: ReasonName | "verified";
}

interface Described {
  readonly kind: string;
  readonly source: string;
  readonly name: string;
}

const CLAIMS: RfcExpectation = { verdict: "ok", signature: "verified" };
/** The signature is right, but the payload is text and no claims set. */
const TEXT: RfcExpectation = { verdict: "malformed_token", signature: "verified" };
/** RFC 7797 section 7: b64 has no place in a JWT. */
const UNENCODED: RfcExpectation = {
  verdict: "critical_header_unsupported",
  signature: "critical_header_unsupported",
};
/** Its payload stands unencoded in the token and is no base64url: refused before the header is read. */
const BARE: RfcExpectation = { verdict: "malformed_token", signature: "malformed_token" };
/** A proof has no iss, aud and exp; its signature is right. */
const PROOF: RfcExpectation = { verdict: "claim_missing", signature: "verified" };

/** The compact signatures, each stated. */
const COMPACT: Readonly<Record<string, RfcExpectation>> = {
  "RFC 7515 A.1 JWS using HMAC SHA-256": CLAIMS,
  "RFC 7515 A.2 JWS using RS256": CLAIMS,
  "RFC 7515 A.3 JWS using ES256": CLAIMS,
  "RFC 7515 A.4 JWS using ES512": TEXT,
  "RFC 7515 A.5 Unsecured JWS (alg none)": {
    verdict: "algorithm_not_allowed",
    signature: "algorithm_not_allowed",
  },
  'RFC 7515 E Negative test case for "crit"': UNENCODED,
  "RFC 8037 A.4/A.5 Ed25519 signing": TEXT,
  "RFC 7520 4.1 RSA v1.5 Signature": TEXT,
  "RFC 7520 4.2 RSA-PSS Signature": TEXT,
  "RFC 7520 4.3 ECDSA Signature": TEXT,
  "RFC 7520 4.4 HMAC-SHA2 Integrity Protection": TEXT,
  "RFC 7520 4.5 Signature with Detached Content": TEXT,
  "RFC 7797 4 (HMAC) 'b64'=false compatible with compact serialization": BARE,
  "RFC 7797 4.1 4.1 HS256": TEXT,
  "RFC 7797 4.2 4.2 HS256 with b64=false": UNENCODED,
  "RFC 7797 b64 HS256 with b64=true": UNENCODED,
  "RFC 7797 b64 HS256 with b64=false, safe payload": BARE,
  "RFC 7520 6 (inner) Nested: signed JWT": CLAIMS,
  "RFC 9449 figure 2 DPoP proof, token request": PROOF,
  "RFC 9449 figure 13 DPoP proof, resource request with ath": PROOF,
  "draft-ietf-oauth-dpop (pre-RFC 9449) DPoP proof, token request, draft figure": PROOF,
};

/** @throws Error for a compact signature of which nothing is stated. */
export function expectationOf({ kind, source, name }: Described): RfcExpectation {
  // A bearer token is compact (RFC 7519 section 1): JSON is refused whether it is signed or encrypted.
  if (kind === "jws-json" || kind === "jwe-json") return { verdict: "malformed_token" };
  if (kind === "jwe") return { verdict: "encryption_unsupported" };
  const expectation = COMPACT[`${source} ${name}`];
  if (expectation === undefined) throw new Error(`Nothing is stated about ${source} ${name}`);
  return expectation;
}
