/** A private key in a configuration, and the algorithm that it signs with. */

import { createPrivateKey, type KeyObject } from "node:crypto";

import type { ClientAlgorithm } from "./client-credentials.ts";

export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: ClientAlgorithm;
}

const LEAST_RSA_BITS = 2048;
const CURVES: Readonly<Record<string, ClientAlgorithm>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/** The key with its algorithm, or what is wrong with it; never anything of the key itself. */
export function readSigningKey(
  pem: string,
  chosen?: ClientAlgorithm,
): SigningKey | { readonly problem: string } {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return { problem: "Expected a PEM private key (PKCS #8) without passphrase" };
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa") {
    if ((details?.modulusLength ?? 0) < LEAST_RSA_BITS)
      return { problem: "Expected an RSA key of 2048 bits or more" };
    if (chosen !== undefined && !/^[RP]S/.test(chosen))
      return { problem: `Expected a key for ${chosen}, found RSA` };
    return { key, algorithm: chosen ?? "RS256" };
  }
  const algorithm = type === "ed25519" ? "Ed25519" : CURVES[details?.namedCurve ?? ""];
  if (algorithm === undefined) return { problem: "Expected a key of RSA, P-256, P-384, P-521 or Ed25519" };
  if (chosen !== undefined && chosen !== algorithm) {
    return { problem: `Expected a key for ${chosen}, found one for ${algorithm}` };
  }
  return { key, algorithm };
}
