import { createHash, createHmac, createPublicKey, type KeyObject, sign } from "node:crypto";
import { encodePart, makeToken, splitToken } from "../kit/raw-token.ts";
import { type Claims, createClaims, createHeader } from "../kit/scene.ts";
import type { SigningKey } from "../kit/signing-key.ts";
import type { CorpusCase, CorpusGroup } from "./corpus-case.ts";
import type { CorpusKeys } from "./corpus-keys.ts";

const KEY_DECIDES = "A key has one algorithm, and the header has to agree with it (RFC 8725 section 3.1).";
const WEAK_KEY =
  "Such a key proves nothing; it is refused when the set is loaded (RFC 8725 section 3.5, RFC 7518 section 3.3).";
const NOT_UNDERSTOOD =
  "An extension that is marked critical and not understood ends the check (RFC 7515 section 4.1.11).";
const TOKEN_CHOOSES = "Whoever sends the token must not choose the key (RFC 8725 sections 2.1 and 3.10).";

function issue(key: SigningKey, header: Claims = {}): string {
  return makeToken({ header: createHeader(key, header), payload: createClaims(), key });
}

function withSignature(token: string, signature: Uint8Array): string {
  return `${token.slice(0, token.lastIndexOf("."))}.${encodePart(signature)}`;
}

/** Attacks on algorithm, key and signature. */
export function createKeyCases(keys: CorpusKeys): CorpusGroup {
  return {
    title: "Algorithm, key and signature",
    cases: [...algorithmCases(keys), ...keyCases(keys), ...signatureCases(keys), ...criticalCases(keys)],
  };
}

function algorithmCases({ rsa, ec, p384, koblitz }: CorpusKeys): CorpusCase[] {
  const none = (alg: unknown): string => `${encodePart({ alg })}.${encodePart(createClaims())}.`;
  const text = `${encodePart(createHeader(rsa, { alg: "HS256" }))}.${encodePart(createClaims())}`;
  const pem = createPublicKey(rsa.privateKey as KeyObject).export({ type: "spki", format: "pem" });
  const confused = `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  const signAs = (alg: "PS256" | "RS512"): string =>
    makeToken({ header: createHeader(rsa, { alg }), payload: createClaims(), key: rsa, signWith: alg });
  return [
    { name: "alg none", token: none("none"), expected: "algorithm_not_allowed", why: KEY_DECIDES },
    { name: "alg NoNe", token: none("NoNe"), expected: "algorithm_not_allowed", why: KEY_DECIDES },
    { name: "no alg", token: none(undefined), expected: "malformed_token", why: KEY_DECIDES },
    { name: "alg that is an array", token: none(["ES256"]), expected: "malformed_token", why: KEY_DECIDES },
    {
      name: "HS256 with the public PEM as secret",
      token: confused,
      expected: "algorithm_not_allowed",
      why: KEY_DECIDES,
    },
    {
      name: "PS256 where the JWK says RS256",
      token: signAs("PS256"),
      expected: "key_unsuitable",
      why: KEY_DECIDES,
    },
    {
      name: "RS512 where the JWK says RS256",
      token: signAs("RS512"),
      expected: "key_unsuitable",
      why: KEY_DECIDES,
    },
    {
      name: "ES256 by a P-384 key",
      token: makeToken({
        header: createHeader(p384, { alg: "ES256" }),
        payload: createClaims(),
        key: shaOf(p384),
      }),
      expected: "key_unsuitable",
      why: "ES256 is P-256 with SHA-256 and nothing else (RFC 7518 section 3.4).",
    },
    {
      name: "ES256 by a secp256k1 key",
      token: issue(koblitz),
      expected: "key_unsuitable",
      why: "ES256 is P-256 with SHA-256 and nothing else (RFC 7518 section 3.4).",
    },
    {
      name: "es256 in lower case",
      token: issue(ec, { alg: "es256" }),
      expected: "algorithm_not_allowed",
      why: KEY_DECIDES,
    },
  ];
}

/** Signs with SHA-256 on whatever curve the key has. */
function shaOf(key: SigningKey): SigningKey {
  return {
    ...key,
    sign: (data) =>
      sign("sha256", Buffer.from(data), { key: key.privateKey as KeyObject, dsaEncoding: "ieee-p1363" }),
  };
}

function keyCases({ rsa, ec, ed, encryption, rsa1024, rsaOne, neutral, stranger }: CorpusKeys): CorpusCase[] {
  return [
    {
      name: "key published for encryption (use enc)",
      token: issue(encryption),
      expected: "key_unsuitable",
      why: "A key for encryption verifies no signature (RFC 7517 section 4.2).",
    },
    { name: "RSA key of 1024 bits", token: issue(rsa1024), expected: "key_unsuitable", why: WEAK_KEY },
    {
      name: "RS256 forged under a key with e = 1",
      token: forgeUnderOne(rsaOne, rsa),
      expected: "key_unsuitable",
      why: WEAK_KEY,
    },
    {
      name: "Ed25519 forged under the neutral point",
      token: withSignature(issue(neutral), Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
      expected: "key_unsuitable",
      why: WEAK_KEY,
    },
    {
      name: "EdDSA forged under the neutral point",
      token: withSignature(issue(neutral, { alg: "EdDSA" }), Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
      expected: "key_unsuitable",
      why: WEAK_KEY,
    },
    {
      name: "kid that is not published",
      token: issue(stranger),
      expected: "key_unknown",
      why: TOKEN_CHOOSES,
    },
    {
      name: "attacker's jwk in the header",
      token: issue({ ...stranger, keyId: ec.keyId }, { jwk: stranger.publicJwk }),
      expected: "signature_invalid",
      why: TOKEN_CHOOSES,
    },
    {
      name: "kid `__proto__`",
      token: issue(ec, { kid: "__proto__" }),
      expected: "key_unknown",
      why: TOKEN_CHOOSES,
    },
    {
      name: "kid that is an object",
      token: issue(ec, { kid: { kid: ec.keyId } }),
      expected: "malformed_token",
      why: "kid is a string (RFC 7515 section 4.1.4).",
    },
    {
      name: "kid with a control character",
      token: issue(ec, { kid: `${ec.keyId}\u0000` }),
      expected: "malformed_token",
      why: "No identifier needs one; logs, headers and C libraries suffer from them.",
    },
    {
      name: "Ed25519 key under RS256",
      token: issue(ed, { alg: "RS256" }),
      expected: "key_unsuitable",
      why: KEY_DECIDES,
    },
  ];
}

/** EMSA-PKCS1-v1_5 itself: under e = 1 a signature is its own message. */
function forgeUnderOne(key: SigningKey, { publicJwk }: SigningKey): string {
  const token = issue(key);
  const length = Buffer.from(publicJwk["n"] ?? "", "base64url").length;
  const info = Buffer.from("3031300d060960864801650304020105000420", "hex");
  const digest = createHash("sha256")
    .update(token.slice(0, token.lastIndexOf(".")))
    .digest();
  const filling = Buffer.alloc(length - info.length - digest.length - 3, 0xff);
  return withSignature(token, Buffer.concat([Buffer.of(0, 1), filling, Buffer.of(0), info, digest]));
}

function signatureCases({ ec, stranger }: CorpusKeys): CorpusCase[] {
  const good = issue(ec);
  const { header, signature } = splitToken(good);
  const der = sign("sha256", Buffer.from(good.slice(0, good.lastIndexOf("."))), ec.privateKey as KeyObject);
  const why =
    "The signature has to be the key's, over these bytes, in JOSE's form (RFC 7515 section 5.2, RFC 7518 section 3.4).";
  const invalid = (name: string, token: string): CorpusCase => ({
    name,
    token,
    expected: "signature_invalid",
    why,
  });
  return [
    invalid("no signature", `${good.slice(0, good.lastIndexOf("."))}.`),
    invalid("another key's signature", issue({ ...stranger, keyId: ec.keyId })),
    invalid("changed payload", `${header}.${encodePart(createClaims({ sub: "admin" }))}.${signature}`),
    invalid("changed signature", withSignature(good, Buffer.alloc(64, 0x55))),
    invalid("r = s = 0", withSignature(good, Buffer.alloc(64))),
    invalid("ECDSA signature in DER", withSignature(good, der)),
    invalid(
      "one octet too many",
      withSignature(good, Buffer.concat([Buffer.from(signature, "base64url"), Buffer.of(0)])),
    ),
  ];
}

function criticalCases({ ec }: CorpusKeys): CorpusCase[] {
  const critical = (name: string, header: Claims): CorpusCase => ({
    name,
    token: issue(ec, header),
    expected: "critical_header_unsupported",
    why: NOT_UNDERSTOOD,
  });
  return [
    critical("crit with an unknown extension", { crit: ["urn:example:x"], "urn:example:x": 1 }),
    critical("crit that is empty", { crit: [] }),
    critical("crit naming what is absent", { crit: ["urn:example:x"] }),
    critical("crit that is a string", { crit: "exp" }),
    critical("crit with b64 true", { crit: ["b64"], b64: true }),
    {
      ...critical("b64 false without crit", { b64: false }),
      why: "b64 has no place in a JWT (RFC 7797 section 7).",
    },
    {
      name: "nested token (cty JWT)",
      token: issue(ec, { cty: "JWT" }),
      expected: "type_mismatch",
      why: "The outer signature says nothing about an inner token (RFC 8725 section 3.11).",
    },
  ];
}
