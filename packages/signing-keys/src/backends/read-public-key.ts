import { createPublicKey, type KeyObject, type webcrypto } from "node:crypto";
import { ALGORITHMS } from "countersign";
import { createPublicJwk } from "../create-public-jwk.ts";
import type { PublicKeyMembers, PublicSigningJwk, SigningAlgorithm } from "../public-signing-jwk.ts";
import { SigningError } from "../signing-error.ts";

/** A public key as services give it: PEM, DER (both SubjectPublicKeyInfo), or a JWK. */
export type ForeignPublicKey = string | Uint8Array | webcrypto.JsonWebKey;

/** What a key is called by `node:crypto`, for each curve. */
const CURVE_NAMES: Readonly<Record<string, string>> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1",
};

/**
 * The public half as a JWKS publishes it.
 * @throws SigningError ("misconfigured") where it is no public key, or one for another algorithm.
 */
export function readPublicKey(
  foreign: ForeignPublicKey,
  { algorithm, backend }: { readonly algorithm: SigningAlgorithm; readonly backend: string },
): PublicSigningJwk {
  const key = importKey(foreign);
  const expected = describeExpected(algorithm);
  const found = key === undefined ? "nothing that can be read as a public key" : describeKey(key);
  if (key === undefined || found !== expected) {
    throw new SigningError(
      `${backend}: expected a public key of ${expected} for ${algorithm}, found ${found}; name a key that was made for ${algorithm}`,
      { kind: "misconfigured", backend },
    );
  }
  return createPublicJwk(algorithm, key.export({ format: "jwk" }) as PublicKeyMembers);
}

function importKey(foreign: ForeignPublicKey): KeyObject | undefined {
  try {
    if (typeof foreign === "string") return createPublicKey({ key: foreign, format: "pem" });
    return foreign instanceof Uint8Array
      ? createPublicKey({ key: Buffer.from(foreign), format: "der", type: "spki" })
      : createPublicKey({ key: foreign, format: "jwk" });
  } catch {
    // The runtime's words could repeat the input, which is not ours to judge.
    return undefined;
  }
}

function describeExpected(algorithm: SigningAlgorithm): string {
  const { keyType, curve } = ALGORITHMS[algorithm];
  if (keyType === "RSA") return "rsa";
  if (keyType === "EC") return `ec ${CURVE_NAMES[curve ?? ""] ?? ""}`;
  return (curve ?? algorithm).toLowerCase();
}

function describeKey(key: KeyObject): string {
  const type = String(key.asymmetricKeyType);
  return type === "ec" ? `ec ${key.asymmetricKeyDetails?.namedCurve ?? ""}` : type;
}
