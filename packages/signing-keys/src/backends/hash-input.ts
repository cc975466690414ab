import { createHash } from "node:crypto";
import { ALGORITHMS } from "countersign";
import type { SigningAlgorithm } from "../public-signing-jwk.ts";

/** The digest that an RSA or ECDSA signature of these octets is made of. Undefined for algorithms that sign octets as they are. */
export function hashInput(algorithm: SigningAlgorithm, bytes: Uint8Array): Buffer | undefined {
  const { hash } = ALGORITHMS[algorithm];
  return hash === undefined ? undefined : createHash(hash.replace("-", "")).update(bytes).digest();
}
