/** The published key set that the corpus is signed under: good keys, and keys that no issuer should publish. */

import { generateKeyPairSync } from "node:crypto";
import { createSigningKey, type SigningKey, sharedKey, wrapPrivateKey } from "../kit/signing-key.ts";

export interface CorpusKeys {
  readonly rsa: SigningKey;
  readonly ec: SigningKey;
  readonly ed: SigningKey;
  /** Published with `use: "enc"`. */
  readonly encryption: SigningKey;
  /** Published on P-384 without `alg`. */
  readonly p384: SigningKey;
  readonly koblitz: SigningKey;
  readonly rsa1024: SigningKey;
  /** RS256 with e = 1: every signature is its own message. */
  readonly rsaOne: SigningKey;
  /** Ed25519 whose public key is the neutral point; published without `alg`. */
  readonly neutral: SigningKey;
  /** Not published. */
  readonly stranger: SigningKey;
}

export type PublishedJwk = Readonly<Record<string, string>> & { readonly kty: string };

export function createCorpusKeys(): CorpusKeys {
  const koblitz = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
  const rsa = sharedKey("RS256");
  return {
    rsa,
    ec: sharedKey("ES256"),
    ed: sharedKey("Ed25519"),
    encryption: createSigningKey("ES256", { keyId: "encryption" }),
    p384: createSigningKey("ES384", { keyId: "p384" }),
    koblitz: wrapPrivateKey(koblitz, { algorithm: "ES256", keyId: "koblitz" }),
    rsa1024: createSigningKey("RS256", { keyId: "rsa1024", modulusBits: 1024 }),
    rsaOne: { ...rsa, keyId: "rsa-e1", publicJwk: { ...rsa.publicJwk, kid: "rsa-e1", e: "AQ" } },
    neutral: {
      ...sharedKey("Ed25519"),
      keyId: "neutral",
      publicJwk: { ...sharedKey("Ed25519").publicJwk, kid: "neutral", x: `AQ${"A".repeat(41)}` },
    },
    stranger: createSigningKey("ES256", { keyId: "stranger" }),
  };
}

export function publishKeys(keys: CorpusKeys): readonly PublishedJwk[] {
  const [p384, neutral] = [keys.p384, keys.neutral].map(({ publicJwk: { alg: _alg, ...others } }) => others);
  const published: readonly Readonly<Record<string, string>>[] = [
    keys.rsa.publicJwk,
    keys.ec.publicJwk,
    keys.ed.publicJwk,
    { ...keys.encryption.publicJwk, use: "enc" },
    { ...p384 },
    keys.koblitz.publicJwk,
    keys.rsa1024.publicJwk,
    keys.rsaOne.publicJwk,
    { ...neutral },
  ];
  return published as readonly PublishedJwk[];
}
