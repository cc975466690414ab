import type { Algorithm } from "../algorithms.ts";
import type { PublicKeyCheck } from "./check-rsa-key.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

/** Checks an ML-DSA public key (RFC 9964 section 3): `pub` of exactly the length that its `alg` prescribes. */
export function checkMlDsaKey(algorithm: Algorithm, { pub }: Pick<JwkMembers, "pub">): PublicKeyCheck {
  const expected = algorithm.keyBytes ?? 0;
  const reading = readOctets({ name: "pub", value: pub }, expected);
  if ("problem" in reading) return reading;
  const found = reading.octets.length;
  if (found !== expected) return { problem: `"pub" has ${found} octets; exactly ${expected} are required` };
  const jwk = { kty: "AKP", alg: algorithm.name, pub: pub as string } as const;
  return { jwk, signatureBytes: algorithm.signatureBytes ?? 0 };
}
