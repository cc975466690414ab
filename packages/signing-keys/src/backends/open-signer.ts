import { ALGORITHMS } from "countersign";
import type { PublicSigningJwk } from "../public-signing-jwk.ts";
import type { KeyReference, Signer } from "../signer.ts";
import { SigningError } from "../signing-error.ts";
import { testSigner } from "./test-signer.ts";

export interface OpenedKey {
  readonly reference: KeyReference;
  /** What the back end says the public half is. */
  readonly publicJwk: PublicSigningJwk;
  /** As `Signer.sign`; ECDSA already in the form of JOSE. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * A signer for the key that was generated, and for no other: of the thumbprint in the reference, and tried out.
 * @throws SigningError
 */
export async function openSigner({ reference, publicJwk, sign }: OpenedKey): Promise<Signer> {
  const { algorithm, backend, keyId } = reference;
  if (publicJwk.kid !== keyId) {
    throw new SigningError(
      `${backend}: expected the key with the thumbprint ${keyId}, found ${publicJwk.kid} in its place; look who replaced it`,
      { kind: "misconfigured", backend },
    );
  }
  const signatureBytes = ALGORITHMS[algorithm].signatureBytes ?? rsaBytes(publicJwk);
  const signer: Signer = Object.freeze({
    algorithm,
    keyId,
    publicJwk: Object.freeze({ ...publicJwk }),
    async sign(bytes: Uint8Array) {
      const signature = await sign(bytes);
      if (signature.length === signatureBytes) return signature;
      throw new SigningError(
        `${backend}: expected a signature of ${signatureBytes} octets for ${algorithm}, found ${signature.length}`,
        { kind: "unavailable", backend },
      );
    },
  });
  await testSigner(signer, backend);
  return signer;
}

function rsaBytes(jwk: PublicSigningJwk): number {
  return jwk.kty === "RSA" ? Buffer.from(jwk.n, "base64url").length : 0;
}
