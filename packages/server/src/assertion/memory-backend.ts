/** Keys of this start: whoever starts again signs with others. For development and tests. */

import { constants, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import {
  createPublicJwk,
  type KeyBackend,
  type PublicKeyMembers,
  type Signer,
  type SigningAlgorithm,
  SigningError,
} from "@countersign/signing-keys";

const NAME = "memory";
const generate = promisify(generateKeyPair);
const RSA_BITS = 2048;
const PSS_SALT_BYTES = 32;

export function createMemoryBackend(): KeyBackend {
  const signers = new Map<string, Signer>();
  return {
    name: NAME,
    async generate({ label, algorithm }) {
      if (signers.has(label)) throw new SigningError("a key of this label exists already", refusal);
      const signer = createSigner(algorithm, await generateKey(algorithm));
      signers.set(label, signer);
      const { keyId, publicJwk } = signer;
      return { reference: { backend: NAME, id: label, label, algorithm, keyId }, publicJwk };
    },
    async open({ label }) {
      const signer = signers.get(label);
      if (signer === undefined) throw new SigningError("there is no such key", refusal);
      return signer;
    },
    async destroy({ label }) {
      signers.delete(label);
    },
    async close() {
      signers.clear();
    },
  };
}

const refusal = { kind: "refused", backend: NAME } as const;

async function generateKey(algorithm: SigningAlgorithm): Promise<KeyObject> {
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
    default:
      throw new SigningError(`no key of ${algorithm} is made in memory`, {
        kind: "misconfigured",
        backend: NAME,
      });
  }
}

/** By the hash that follows from the algorithm's name; Ed25519 has its own. */
function createSigner(algorithm: SigningAlgorithm, key: KeyObject): Signer {
  // Of a private JWK nothing but the public members is taken.
  const publicJwk = createPublicJwk(algorithm, key.export({ format: "jwk" }) as unknown as PublicKeyMembers);
  const hash = algorithm === "Ed25519" ? undefined : `sha${algorithm.slice(2)}`;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES };
  const options = { key, dsaEncoding: "ieee-p1363", ...(algorithm === "PS256" && pss) } as const;
  return {
    algorithm,
    keyId: publicJwk.kid,
    publicJwk,
    sign: (bytes) => Promise.resolve(sign(hash, bytes, options)),
  };
}
