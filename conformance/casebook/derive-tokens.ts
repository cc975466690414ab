/** Tokens that must never pass, made of one that does: nothing but what a client can make itself. */

import { createHmac, generateKeyPairSync, sign } from "node:crypto";

import type { TokenKind } from "./entry.ts";
import { CLAIM_MARK } from "./hazards.ts";

type Members = Readonly<Record<string, unknown>>;

// Stands in the documentation of more than one product.
const KNOWN_SECRET = "secret";

/**
 * Makes what can be made without the issuer's key. Subjects carry a mark, by which an answer that tells them is found.
 * @throws TypeError for what is no signed JWT.
 */
export function deriveTokens(valid: string): Partial<Readonly<Record<TokenKind, string>>> {
  const [first = "", second = "", signature = "", ...rest] = valid.split(".");
  if (signature === "" || rest.length > 0) throw new TypeError("expected a JWT of three parts");
  const header = decode(first);
  const marked = { ...decode(second), sub: CLAIM_MARK };
  const payload = encode(marked);
  const forge = createForger();
  const unsigned = (alg: string): string => `${encode({ ...header, alg })}.${payload}.`;
  const keyed = (secret: string): string => {
    const input = `${encode({ ...header, alg: "HS256" })}.${payload}`;
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  };
  return {
    valid,
    tampered: `${first}.${payload}.${signature}`,
    unsigned: unsigned("none"),
    unsignedOddCase: `${unsigned("nOnE")}${signature}`,
    emptySignature: `${first}.${payload}.`,
    hmacWithKeyId: keyed(typeof header["kid"] === "string" ? header["kid"] : "kid"),
    hmacWithKnownSecret: keyed(KNOWN_SECRET),
    hmacWithEmptySecret: keyed(""),
    unsupportedAlgorithm: `${encode({ ...header, alg: "RS999" })}.${payload}.${signature}`,
    embeddedKey: forge((jwk) => [{ ...header, jwk }, marked]),
    keyUrl: forge(() => [
      { ...header, jku: "http://127.0.0.1:9/jwks", x5u: "http://127.0.0.1:9/x5u" },
      marked,
    ]),
    unknownKey: forge(() => [{ ...header, kid: "casebook-unknown" }, marked]),
    otherIssuer: forge(() => [header, { ...marked, iss: "https://casebook-unknown.invalid/" }]),
  };
}

/** Signs with a key of its own, whose public half it tells. */
function createForger(): (make: (jwk: Members) => readonly [header: Members, payload: Members]) => string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  return (make) => {
    const [header, payload] = make({ ...jwk });
    const input = `${encode({ ...header, alg: "ES256" })}.${encode(payload)}`;
    const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
}

function encode(members: Members): string {
  return Buffer.from(JSON.stringify(members)).toString("base64url");
}

function decode(part: string): Members {
  const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  if (typeof value !== "object" || value === null) throw new TypeError("expected a JSON object in each part");
  return value as Members;
}
