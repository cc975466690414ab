/** The form of a DPoP proof (RFC 9449 section 4.2): a compact JWS with the key it is signed with in its header. */

import type { Algorithm } from "../algorithms.ts";
import { canonicalizeJwk } from "../keys/canonicalize-jwk.ts";
import { readJwk } from "../keys/read-jwk.ts";
import type { PublicJwk } from "../platform/platform.ts";
import { Refusal } from "../refusal.ts";
import { describeKind, isObject } from "../token/describe-kind.ts";
import type { JsonObject } from "../token/json-value.ts";
import { isIdentifier } from "../token/key-id.ts";
import { type KnownHeader, parseToken, type UnverifiedToken } from "../token/parse-token.ts";
import { refuseProof } from "./refuse-proof.ts";

/** Longest proof, and header of one: enough for RSA keys of 8192 bits and, with ML-DSA allowed, for its keys. */
const PROOF_BYTES = { proof: 8192, header: 2048 };
const ML_DSA_PROOF_BYTES = { proof: 16_384, header: 4096 };

const TYPE = "dpop+jwt";
const MAX_TOKEN_ID_LENGTH = 256;
const MAX_METHOD_LENGTH = 64;
const MOST_SECONDS = Number.MAX_SAFE_INTEGER;

/** The claims of a proof that have the right form; nothing of it is verified. */
export interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  /** SHA-256 of the access token in base64url. */
  readonly ath: string;
  readonly nonce: string | undefined;
}

/** The key of a proof's header, before it is known whether it is any good. */
export interface EmbeddedKey {
  readonly algorithm: Algorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** The text whose SHA-256 is the key's thumbprint (RFC 7638 section 3). */
  readonly canonicalText: string;
}

export type AllowedAlgorithms = ReadonlyMap<string, Algorithm>;

/** @param options.knownHeader Spares decoding the header of a proof that was verified. */
export function parseProof(
  text: string,
  options: { readonly algorithms: AllowedAlgorithms; readonly knownHeader: KnownHeader },
): UnverifiedToken | Refusal {
  const { algorithms, knownHeader } = options;
  const isLong = [...algorithms.values()].some(({ family }) => family === "ml-dsa");
  const { proof: maxBytes, header: maxHeaderBytes } = isLong ? ML_DSA_PROOF_BYTES : PROOF_BYTES;
  const parsed = parseToken(text, { maxBytes, maxHeaderBytes, knownHeader });
  if (!(parsed instanceof Refusal)) return parsed;
  return refuseProof(parsed.expected ?? "a signed JWT", parsed.found);
}

/** The key in a proof's header, of the kind that the header's `alg` needs. */
export function readEmbeddedKey(header: JsonObject, algorithms: AllowedAlgorithms): EmbeddedKey | Refusal {
  const { typ, alg, jwk } = header;
  if (typ !== TYPE) return refuseProof(`typ ${TYPE}`, "another typ or none");
  const algorithm = algorithms.get(alg as string);
  if (algorithm === undefined) return refuseProof(`alg ${[...algorithms.keys()].join(" or ")}`);
  if (!isObject(jwk)) return refuseProof("jwk to be an object", describeKind(jwk));
  const { kty, privateNames } = readJwk(jwk);
  if (privateNames.length > 0) return refuseProof("jwk to be a public key", "a private or symmetric key");
  if (kty !== algorithm.keyType) return refuseProof("jwk to be a key for alg", "a key of another type");
  // Members that are missing or no text give a text that no good key has.
  return { algorithm, jwk, canonicalText: canonicalizeJwk(jwk as unknown as PublicJwk) };
}

/** Which claims a proof needs, and in which form. */
const FORMS: readonly (readonly [
  name: keyof ProofClaims,
  expected: string,
  test: (value: unknown) => boolean,
])[] = [
  [
    "jti",
    `text of 1 to ${MAX_TOKEN_ID_LENGTH} characters without control characters`,
    (value) => isIdentifier(value, MAX_TOKEN_ID_LENGTH),
  ],
  ["htm", "a method", (value) => isIdentifier(value, MAX_METHOD_LENGTH)],
  ["htu", "a URI", isText],
  ["iat", "a number of seconds", (value) => typeof value === "number" && value >= 0 && value <= MOST_SECONDS],
  ["ath", "text", isText],
  ["nonce", "text, where it is there", (value) => value === undefined || isText(value)],
];

function isText(value: unknown): boolean {
  return typeof value === "string";
}

export function readProofClaims(claims: JsonObject): ProofClaims | Refusal {
  for (const [name, expected, test] of FORMS) {
    if (!test(claims[name])) return refuseProof(`${name} to be ${expected}`, describeKind(claims[name]));
  }
  return claims as unknown as ProofClaims;
}
