/** An issuer in memory, made with Web Crypto so that it runs wherever the suite runs. */

import type { JsonObject, Verdict } from "countersign";
import type { Library } from "./suite-case.ts";

const ISSUER = "https://issuer.example/";
const AUDIENCE = "https://api.example";
/** The suite's clock stands still: 2026-01-01T00:00:00Z. */
export const NOW_SECONDS = 1_767_225_600;

export type SuiteAlgorithm = "ES256" | "RS256" | "PS256" | "Ed25519";

interface KeyParameters {
  readonly generate: AlgorithmIdentifier | EcKeyGenParams | RsaHashedKeyGenParams;
  readonly sign: AlgorithmIdentifier | EcdsaParams | RsaPssParams;
}

const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

const PARAMETERS: Readonly<Record<SuiteAlgorithm, KeyParameters>> = {
  ES256: { generate: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  RS256: { generate: { name: "RSASSA-PKCS1-v1_5", ...RSA }, sign: { name: "RSASSA-PKCS1-v1_5" } },
  PS256: { generate: { name: "RSA-PSS", ...RSA }, sign: { name: "RSA-PSS", saltLength: 32 } },
  Ed25519: { generate: { name: "Ed25519" }, sign: { name: "Ed25519" } },
};

export interface LocalIssuer {
  readonly algorithm: SuiteAlgorithm;
  readonly jwks: { readonly keys: readonly object[] };
  /** Signs sound claims with what `changes` says changed; `undefined` removes a member. */
  sign(changes?: { readonly header?: object; readonly claims?: object }): Promise<string>;
}

function encodeBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export function encodeJson(value: object): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
}

export async function createLocalIssuer(algorithm: SuiteAlgorithm): Promise<LocalIssuer> {
  const parameters = PARAMETERS[algorithm];
  const pair = (await crypto.subtle.generateKey(parameters.generate, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return {
    algorithm,
    jwks: { keys: [{ kty, crv, x, y, n, e, kid: "one", alg: algorithm, use: "sig" }] },
    async sign({ header, claims } = {}) {
      const sound = { iss: ISSUER, aud: AUDIENCE, sub: "alice", iat: NOW_SECONDS, exp: NOW_SECONDS + 300 };
      const signed = `${encodeJson({ alg: algorithm, typ: "JWT", kid: "one", ...header })}.${encodeJson({ ...sound, ...claims })}`;
      const signature = await crypto.subtle.sign(
        parameters.sign,
        pair.privateKey,
        new TextEncoder().encode(signed),
      );
      return `${signed}.${encodeBase64url(new Uint8Array(signature))}`;
    },
  };
}

/** Validates against the issuer's keys given inline, with the suite's clock. */
export async function validateWith(
  library: Library,
  { issuer, token }: { readonly issuer: LocalIssuer; readonly token: string },
): Promise<Verdict> {
  const validator = library.createValidator({
    issuers: [
      { issuer: ISSUER, audiences: [AUDIENCE], algorithms: [issuer.algorithm], keys: { jwks: issuer.jwks } },
    ],
    clock: () => NOW_SECONDS * 1000,
  });
  try {
    return await validator.validate(token);
  } finally {
    await validator.close();
  }
}

/** @throws Error where the verdict is another: `expected` is a reason, or "ok". */
export function expectVerdict(verdict: Verdict, expected: string): void {
  const found = verdict.ok ? "ok" : verdict.reason;
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

/** @throws Error where the claim differs. */
export function expectClaim(verdict: Verdict, expected: JsonObject): void {
  const claims: JsonObject = verdict.ok ? verdict.token.claims : {};
  for (const [name, value] of Object.entries(expected)) {
    if (claims[name] !== value) throw new Error(`expected another value of the claim ${name}`);
  }
}
