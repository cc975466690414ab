import type { Algorithm, Curve, KeyType } from "../algorithms.ts";
import { ALGORITHMS, findAlgorithm } from "../algorithms.ts";
import type { KeyExclusion } from "./check-key-use.ts";
import { quoteText } from "./quote-text.ts";
import type { JwkMembers } from "./read-jwk.ts";

/** What a key is, as far as algorithms ask. */
interface KeyKind {
  readonly keyType: KeyType;
  readonly curve: Curve | undefined;
}

/** At least one algorithm, each once and none an alias. */
export type AlgorithmChoice = { readonly algorithms: readonly Algorithm[] } | KeyExclusion;

const KEY_TYPES: readonly string[] = ["RSA", "EC", "OKP", "AKP"];
const CURVES: Readonly<Record<string, KeyType | undefined>> = Object.freeze({
  __proto__: null,
  "P-256": "EC",
  "P-384": "EC",
  "P-521": "EC",
  Ed25519: "OKP",
  Ed448: "OKP",
} as unknown as Record<string, KeyType>);

/** The algorithms by which tokens may be signed, each alias replaced by what it stands for. */
function resolveAliases(allowed: readonly Algorithm[]): readonly Algorithm[] {
  return [...new Set(allowed.map((algorithm) => resolveAlias(algorithm)))];
}

/** The algorithm that keys have: `Ed25519` for `EdDSA`, itself for all others. */
export function resolveAlias(algorithm: Algorithm): Algorithm {
  return algorithm.aliasOf === undefined ? algorithm : ALGORITHMS[algorithm.aliasOf];
}

/**
 * Decides for which algorithms a key counts: the one that its `alg` names, else those of the issuer's
 * configuration that fit its type and curve. A token's header has no say (RFC 8725 section 3.1).
 */
export function chooseAlgorithms(
  { kty, crv, alg }: Pick<JwkMembers, "kty" | "crv" | "alg">,
  allowed: readonly Algorithm[],
): AlgorithmChoice {
  const kind = readKind(kty, crv);
  if (!("keyType" in kind)) return kind;
  const usable = resolveAliases(allowed);
  if (alg !== undefined) return chooseNamed({ kind, alg }, usable);
  if (kind.keyType === "AKP") return { refused: '"alg" is missing; AKP keys must have it' };
  const algorithms = usable.filter((algorithm) => fits(algorithm, kind));
  if (algorithms.length > 0) return { algorithms };
  return { ignored: `no algorithm that is allowed for this issuer uses ${describeKind(kind)}` };
}

function readKind(kty: unknown, crv: unknown): KeyKind | KeyExclusion {
  if (typeof kty !== "string") return { refused: '"kty" must be a string' };
  if (!KEY_TYPES.includes(kty)) return { ignored: `the key type ${quoteText(kty)} is not supported` };
  const keyType = kty as KeyType;
  if (keyType !== "EC" && keyType !== "OKP") return { keyType, curve: undefined };
  if (typeof crv !== "string") return { refused: '"crv" must be a string' };
  if (CURVES[crv] === keyType) return { keyType, curve: crv as Curve };
  if (CURVES[crv] !== undefined) return { refused: `"crv" ${crv} is no curve of "kty" ${kty}` };
  return { ignored: `the curve ${quoteText(crv)} is not supported` };
}

function chooseNamed(key: { kind: KeyKind; alg: unknown }, usable: readonly Algorithm[]): AlgorithmChoice {
  const { kind, alg } = key;
  if (typeof alg !== "string") return { refused: '"alg" must be a string' };
  const named = findNamed(kind, alg);
  if (named === undefined) return { ignored: `"alg" ${quoteText(alg)} is no supported signature algorithm` };
  if (!fits(named, kind)) return { refused: `"alg" ${alg} does not fit ${describeKind(kind)}` };
  if (usable.includes(named)) return { algorithms: [named] };
  return { ignored: `"alg" ${alg} is not allowed for this issuer` };
}

function findNamed({ curve }: KeyKind, alg: string): Algorithm | undefined {
  // RFC 8037 section 3.1 used one name for both curves; the key's curve tells which it is (RFC 9864).
  if (alg === "EdDSA" && curve === "Ed448") return ALGORITHMS.Ed448;
  const algorithm = findAlgorithm(alg);
  return algorithm === undefined ? undefined : resolveAlias(algorithm);
}

function fits(algorithm: Algorithm, { keyType, curve }: KeyKind): boolean {
  return algorithm.keyType === keyType && algorithm.curve === curve;
}

function describeKind({ keyType, curve }: KeyKind): string {
  return curve === undefined ? `${keyType} keys` : `${keyType} keys on ${curve}`;
}
