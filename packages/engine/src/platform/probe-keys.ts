import type { Algorithm } from "../algorithms.ts";
import type { PublicJwk } from "./platform.ts";

/** One of the two y of the point whose x is 0: a square root of the curve's b (SP 800-186 section 3.2.1). */
const Y_AT_ZERO: Readonly<Record<string, string>> = {
  "P-256": "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q",
  "P-384": "wwZhD7CuWhWc9FwGBp8ipsXrNkHGAtQt6ixLT3VVB5NAbYDSuRrVT5BIvUh68a3h",
  "P-521": "AS3xNgFZSog-8tk15Eu5C_TWYZt05Sr3VS-XdpARwHGetDnPqyqI1A_lmivtH0NVcWmi0KLM0oDGB7krv1H_4LB4",
};

/** `octets` octets in base64url of which only the first may not be zero. */
function fill(octets: number, first: string = ""): string {
  return first.padEnd(Math.ceil((octets * 4) / 3), "A");
}

/**
 * A public key with which a back end finds out whether its runtime can verify an algorithm.
 * Undefined for RSA and HMAC, which no supported runtime lacks.
 */
export function findProbeKey(algorithm: Algorithm): PublicJwk | undefined {
  const { name, keyType, curve: crv, signatureBytes = 0, keyBytes = 0 } = algorithm;
  // Any octets of the length are a well-formed ML-DSA key.
  if (keyType === "AKP") return { kty: keyType, alg: name, pub: fill(keyBytes) };
  if (crv === undefined) return undefined;
  const octets = signatureBytes / 2;
  // Both Edwards curves have a point whose y is 3.
  if (keyType === "OKP") return { kty: keyType, crv, x: fill(octets, "Aw") };
  return { kty: "EC", crv, x: fill(octets), y: Y_AT_ZERO[crv] ?? "" };
}
