/** What is measured: ours, the bare primitive, and the peers, each set up as its documentation shows for one issuer. */

import {
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify as verifyPrimitive,
} from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { createValidator } from "countersign";
import { createVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { AUDIENCE, type BenchAlgorithm, ISSUER, type KeyMaterial } from "./tokens.ts";

/** Judges one token. Gives or resolves to whether it passes; peers that throw are caught, because so must a caller. */
export type Judge = (token: string) => boolean | Promise<boolean>;

export interface Subject {
  /** "countersign", "floor", or the peer's package. */
  readonly name: string;
  /** Undefined where the subject has no such algorithm. */
  readonly create: (algorithm: BenchAlgorithm, key: KeyMaterial) => Judge | undefined;
}

const DIGESTS = {
  RS256: "sha256",
  PS256: "sha256",
  ES256: "sha256",
  Ed25519: null,
  HS256: "sha256",
} as const;

export const SUBJECTS: readonly Subject[] = [
  { name: "floor", create: createFloor },
  { name: "countersign", create: createCountersign },
  { name: "fast-jwt", create: createFastJwt },
  { name: "jsonwebtoken", create: createJsonwebtoken },
  { name: "aws-jwt-verify", create: createAws },
  { name: "jose", create: createJose },
];

/** The primitive alone, on octets that are there already: nothing that judges tokens can cost less. */
function createFloor(algorithm: BenchAlgorithm, key: KeyMaterial): Judge {
  const prepared = new Map<string, readonly [signed: Buffer, signature: Buffer]>();
  const prepare = (token: string): readonly [Buffer, Buffer] => {
    const dot = token.lastIndexOf(".");
    const parts = [Buffer.from(token.slice(0, dot)), Buffer.from(token.slice(dot + 1), "base64url")] as const;
    prepared.set(token, parts);
    return parts;
  };
  const check = createPrimitive(algorithm, key);
  return (token) => {
    const [signed, signature] = prepared.get(token) ?? prepare(token);
    return check(signed, signature);
  };
}

function createPrimitive(
  algorithm: BenchAlgorithm,
  key: KeyMaterial,
): (signed: Buffer, signature: Buffer) => boolean {
  const { secret } = key;
  if (secret !== undefined) {
    return (signed, signature) =>
      timingSafeEqual(createHmac("sha256", secret).update(signed).digest(), signature);
  }
  const publicKey = key.publicKey as KeyObject;
  const digest = DIGESTS[algorithm];
  if (algorithm === "ES256") {
    const options = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
    return (signed, signature) => verifyPrimitive(digest, signed, options, signature);
  }
  if (algorithm === "PS256") {
    const options = { key: publicKey, padding: 6, saltLength: 32 } as const;
    return (signed, signature) => verifyPrimitive(digest, signed, options, signature);
  }
  return (signed, signature) => verifyPrimitive(digest, signed, publicKey, signature);
}

function createCountersign(algorithm: BenchAlgorithm, key: KeyMaterial): Judge {
  const keys =
    key.secret === undefined
      ? { jwks: { keys: [key.jwk] } }
      : { secrets: [{ id: key.keyId, bytes: key.secret }] };
  const validator = createValidator({
    issuers: [
      {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        algorithms: algorithm === "Ed25519" ? ["Ed25519", "EdDSA"] : [algorithm],
        keys,
      },
    ],
    limits: { tokenBytes: 16_384 },
  });
  return (token) => validator.validateSync(token).ok;
}

function createFastJwt(algorithm: BenchAlgorithm, key: KeyMaterial): Judge {
  const verifier = createVerifier({
    key: key.secret === undefined ? key.pem : Buffer.from(key.secret),
    algorithms: [algorithm === "Ed25519" ? "EdDSA" : algorithm],
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    requiredClaims: ["exp"],
    cache: false,
  });
  return (token) => catchRefusal(() => verifier(token));
}

function createJsonwebtoken(algorithm: BenchAlgorithm, key: KeyMaterial): Judge | undefined {
  if (algorithm === "Ed25519") return undefined;
  const secretOrKey = key.secret === undefined ? createPublicKey(key.pem) : Buffer.from(key.secret);
  const options = { algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE };
  return (token) => catchRefusal(() => jsonwebtoken.verify(token, secretOrKey, options));
}

function createAws(algorithm: BenchAlgorithm, key: KeyMaterial): Judge | undefined {
  if (algorithm === "PS256" || algorithm === "HS256") return undefined;
  const verifier = JwtVerifier.create({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUri: "https://idp.example.com/jwks",
  });
  const alg = algorithm === "Ed25519" ? "EdDSA" : algorithm;
  verifier.cacheJwks({ keys: [{ ...key.jwk, kid: key.keyId, kty: String(key.jwk["kty"]), alg }] });
  return (token) => catchRefusal(() => verifier.verifySync(token));
}

function createJose(algorithm: BenchAlgorithm, key: KeyMaterial): Judge {
  const alg = algorithm === "Ed25519" ? "EdDSA" : algorithm;
  const keys = key.secret ?? createLocalJWKSet({ keys: [{ ...key.jwk, kty: String(key.jwk["kty"]), alg }] });
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: [alg], requiredClaims: ["exp"] };
  // The two overloads differ in nothing that matters here.
  const judge = keys as Parameters<typeof jwtVerify>[1];
  return (token) =>
    jwtVerify(token, judge, options).then(
      () => true,
      () => false,
    );
}

function catchRefusal(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}
