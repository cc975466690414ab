/** Keys of this start: whoever starts again signs with others. For development and tests. */

import { constants, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { createPublicJwk, type PublicKeyMembers, type Signer } from "@countersign/signing-keys";

import type { AssertionAlgorithm } from "../config/assertion-configuration.ts";
import type { AssertionKeys, PublishedKeySet } from "./assertion-keys.ts";

const generate = promisify(generateKeyPair);
const MAX_AGE_SECONDS = 60;
const RSA_BITS = 2048;
const PSS_SALT_BYTES = 32;
const HASHES: Readonly<Record<AssertionAlgorithm, string | undefined>> = {
  ES256: "sha256",
  ES384: "sha384",
  Ed25519: undefined,
  RS256: "sha256",
  PS256: "sha256",
};

/** Makes a key. It signs and is published at once: nobody can have a copy of the set from before. */
export async function createMemoryKeys(algorithm: AssertionAlgorithm): Promise<AssertionKeys> {
  const signer = createSigner(algorithm, await generateKey(algorithm));
  const published: PublishedKeySet = {
    body: JSON.stringify({ keys: [signer.publicJwk] }),
    maxAgeSeconds: MAX_AGE_SECONDS,
  };
  return {
    current: () => Promise.resolve(signer),
    publish: () => Promise.resolve(published),
    close: () => Promise.resolve(),
  };
}

async function generateKey(algorithm: AssertionAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case "ES256":
      return (await generate("ec", { namedCurve: "P-256" })).privateKey;
    case "ES384":
      return (await generate("ec", { namedCurve: "P-384" })).privateKey;
    case "Ed25519":
      return (await generate("ed25519")).privateKey;
    case "RS256":
    case "PS256":
      return (await generate("rsa", { modulusLength: RSA_BITS })).privateKey;
  }
}

/** Of a private JWK nothing but the public members is taken. */
function createSigner(algorithm: AssertionAlgorithm, key: KeyObject): Signer {
  const publicJwk = createPublicJwk(algorithm, key.export({ format: "jwk" }) as unknown as PublicKeyMembers);
  const hash = HASHES[algorithm];
  const padding =
    algorithm === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES } : {};
  const options = { key, dsaEncoding: "ieee-p1363", ...padding } as const;
  return {
    algorithm,
    keyId: publicJwk.kid,
    publicJwk,
    sign: (bytes) => Promise.resolve(sign(hash, bytes, options)),
  };
}
