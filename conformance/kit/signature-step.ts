/**
 * The engine's steps for a JWS whose payload is no claims set, as most published vectors have it: form,
 * header, algorithm, key and signature are judged by the engine's own code; only the payload may be anything.
 */

import { ALGORITHMS, type Algorithm, type AlgorithmName, type ReasonName } from "countersign";
import { importSecrets } from "../../packages/engine/src/keys/import-secrets.ts";
import { type ImportedKeySet, importKeySet } from "../../packages/engine/src/keys/key-set.ts";
import { Refusal } from "../../packages/engine/src/refusal.ts";
import { verifySignature } from "../../packages/engine/src/signature/verify-signature.ts";
import { isCanonicalBase64url } from "../../packages/engine/src/token/base64url.ts";
import { parseToken } from "../../packages/engine/src/token/parse-token.ts";

export type Jwk = Readonly<Record<string, unknown>>;

export interface SignatureStep {
  readonly token: string;
  /** Keys as an issuer has them: all secrets, or a JWK Set. */
  readonly keys: readonly Jwk[];
  /** The payload segment that was signed, where the token leaves it out (RFC 7515 appendix F). */
  readonly detachedSegment?: string;
}

/** What the engine says of the token before any claim is read. */
export async function runSignatureStep({
  token,
  keys,
  detachedSegment,
}: SignatureStep): Promise<ReasonName | "verified"> {
  const segments = token.split(".");
  const [header = "", payload = "", signature = ""] = segments;
  const signedSegment = detachedSegment ?? payload;
  if (!isCanonicalBase64url(payload) || !isCanonicalBase64url(signedSegment)) return "malformed_token";
  // The same parser, with an empty claims set in the place of the payload.
  const claimsToken = segments.length === 3 ? `${header}.e30.${signature}` : token;
  const parsed = parseToken(claimsToken, { maxBytes: 65_536 });
  if (parsed instanceof Refusal) return parsed.reason;
  const { algorithms, set } = importKeys(keys);
  const algorithm = algorithms.find(({ name }) => name === parsed.header.alg);
  if (algorithm === undefined) return "algorithm_not_allowed";
  const lookup = set.find({ algorithm, keyId: parsed.header.kid });
  if (lookup.kind === "refused") return lookup.reason;
  const verified = await verifySignature({
    token: { ...parsed, signedText: `${header}.${signedSegment}` },
    keys: lookup.keys,
    issuer: "vectors",
  });
  return verified === undefined ? "signature_invalid" : "verified";
}

/** An issuer has secrets or public keys, never both: what is not all secrets is a public set. */
export function areSecrets(keys: readonly Jwk[]): boolean {
  return keys.every(({ kty }) => kty === "oct");
}

/** The algorithms that an issuer with these keys would allow: the ones its secrets name, or all that public keys can have. */
export function allowAlgorithms(keys: readonly Jwk[]): readonly AlgorithmName[] {
  const hmacs = (["HS256", "HS384", "HS512"] as const).filter((name) =>
    keys.some(({ alg }) => alg === undefined || alg === name),
  );
  if (areSecrets(keys)) return hmacs;
  return Object.values(ALGORITHMS)
    .filter(({ family }) => family !== "hmac" && family !== "ml-dsa")
    .map(({ name }) => name);
}

function importKeys(keys: readonly Jwk[]): {
  readonly algorithms: readonly Algorithm[];
  readonly set: ImportedKeySet;
} {
  const algorithms = allowAlgorithms(keys).map((name) => ALGORITHMS[name]);
  const set = areSecrets(keys)
    ? importSecrets(keys.map(toSecret), { algorithms })
    : importKeySet({ keys: keys.map(toPublic) }, { algorithms, source: "inline" });
  return { algorithms, set };
}

/** A symmetric JWK as the option `secrets` takes it. */
export function toSecret({ kid, k }: Jwk): { readonly id?: string; readonly base64url: string } {
  return { ...(typeof kid === "string" && { id: kid }), base64url: String(k) };
}

const PRIVATE_MEMBERS: readonly string[] = ["d", "p", "q", "dp", "dq", "qi"];

/** An asymmetric JWK without its private members; symmetric ones stay as they are, to be refused. */
export function toPublic(jwk: Jwk): Jwk {
  if (jwk["kty"] === "oct") return jwk;
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.includes(name)));
}
