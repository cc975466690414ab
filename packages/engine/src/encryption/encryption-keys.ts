/** Private keys to which tokens are encrypted, and what is allowed with each (RFC 7518 sections 4 and 5, RFC 8037). */

import { ConfigurationError, type ConfigurationProblem } from "../validator/configuration-error.ts";

/** How the content key is given; RSA1_5, PBES2, `dir` and key wrapping by a shared key are left out for good. */
export type KeyManagement = "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A256KW";

/** How the content is encrypted. */
export type ContentEncryption = "A128GCM" | "A256GCM" | "A128CBC-HS256" | "A256CBC-HS512";

export const CONTENT_ENCRYPTIONS: readonly ContentEncryption[] = [
  "A128GCM",
  "A256GCM",
  "A128CBC-HS256",
  "A256CBC-HS512",
];

/** Members of a private JWK (RFC 7517), of which those that its type needs are checked. */
export type PrivateJwk = Readonly<Record<string, unknown>>;

/** A key that may be used, with the one algorithm that it is for. */
export interface EncryptionKey {
  /** Undefined only where there is no other key. */
  readonly keyId: string | undefined;
  readonly algorithm: KeyManagement;
  readonly jwk: PrivateJwk;
}

const MAX_KEYS = 16;
/** Of the modulus, in bits: less is not safe, and more costs whoever sends a token nothing and us much. */
const RSA_BITS = { least: 2048, most: 4096 } as const;
const CURVES: Readonly<Record<string, string>> = { "P-256": "EC", "P-384": "EC", X25519: "OKP" };

/** @throws ConfigurationError with every problem at once. */
export function readEncryptionKeys(keys: unknown): readonly EncryptionKey[] {
  const problems: ConfigurationProblem[] = [];
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    const problem = `expected an array of 1 to ${MAX_KEYS} private JWKs`;
    throw new ConfigurationError([
      { path: "keys", problem, remedy: "List the keys that tokens are encrypted to" },
    ]);
  }
  const read = (keys as readonly unknown[]).flatMap((jwk, index): readonly EncryptionKey[] => {
    const found = checkKey(jwk);
    if (typeof found !== "string") {
      if (found.keyId !== undefined || keys.length === 1) return [found];
      problems.push({
        path: `keys[${index}].kid`,
        problem: "is missing",
        remedy: "Name each of several keys",
      });
      return [];
    }
    problems.push({
      path: `keys[${index}]`,
      problem: found,
      remedy: "Replace the key, and have it published anew",
    });
    return [];
  });
  const ids = new Set(read.map(({ keyId }) => keyId));
  if (ids.size < read.length) {
    problems.push({ path: "keys", problem: "two have the same kid", remedy: "Give each key its own kid" });
  }
  const [first, ...others] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
  return Object.freeze(read);
}

/** The key, or what is wrong with it in words that show nothing of it. */
function checkKey(jwk: unknown): EncryptionKey | string {
  if (typeof jwk !== "object" || jwk === null) return "is no JWK";
  const { kty, crv, kid, alg, use, d, n, key_ops: operations } = jwk as PrivateJwk;
  if (kid !== undefined && (typeof kid !== "string" || kid === "")) return "has a kid that is no text";
  if (typeof d !== "string" || d === "") return "has no private part (d)";
  if (use !== undefined && use !== "enc") return 'has another use than "enc"';
  if (operations !== undefined && !hasOperation(operations)) return "has key_ops that decrypt nothing";
  const fitting = kty === "RSA" ? RSA : typeof crv === "string" && CURVES[crv] === kty ? ECDH : undefined;
  if (fitting === undefined) return "is no RSA key and on none of P-256, P-384 and X25519";
  const algorithm = fitting.find((name) => name === alg);
  // Without it, whoever sends a token would choose what is done with the key (RFC 8725 section 3.1).
  if (algorithm === undefined) return `needs an alg: ${fitting.join(" or ")}`;
  const bits = kty === "RSA" ? countBits(n) : undefined;
  if (bits !== undefined && (bits < RSA_BITS.least || bits > RSA_BITS.most)) {
    return `has a modulus of ${bits} bits; ${RSA_BITS.least} to ${RSA_BITS.most} are used`;
  }
  return Object.freeze({ keyId: kid, algorithm, jwk: jwk as PrivateJwk });
}

const RSA: readonly KeyManagement[] = ["RSA-OAEP-256"];
const ECDH: readonly KeyManagement[] = ["ECDH-ES+A256KW", "ECDH-ES"];
const OPENING = ["decrypt", "unwrapKey", "deriveKey", "deriveBits"];

function hasOperation(operations: unknown): boolean {
  return Array.isArray(operations) && operations.some((operation) => OPENING.includes(operation as string));
}

/** Of a modulus in base64url, whole octets. */
function countBits(modulus: unknown): number {
  return typeof modulus === "string" ? ((modulus.replace(/^A+/, "").length * 6) >> 3) * 8 : 0;
}
