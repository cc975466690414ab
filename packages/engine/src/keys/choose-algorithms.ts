import { ALGORITHMS, type Algorithm, findAlgorithm } from "../algorithms.ts";
import { ignore, refuse } from "./key-problem.ts";
import { type JwkMembers, quoteText } from "./read-jwk.ts";

/** The algorithm that keys have: `Ed25519` for `EdDSA`, itself for all others. */
export function resolveAlias(algorithm: Algorithm): Algorithm {
  return algorithm.aliasOf === undefined ? algorithm : ALGORITHMS[algorithm.aliasOf];
}

/**
 * Decides for which algorithms a key counts: the one that its `alg` names, else those of the issuer's
 * configuration that fit its type and curve, each once and none an alias. A token's header has no say (RFC 8725
 * section 3.1).
 *
 * @returns At least one. @throws KeyProblem
 */
export function chooseAlgorithms(
  { kty, crv, alg }: Pick<JwkMembers, "kty" | "crv" | "alg">,
  allowed: readonly Algorithm[],
): readonly Algorithm[] {
  const known = Object.values(ALGORITHMS);
  const ofType = known.filter(({ keyType }) => keyType === kty);
  const [first] = ofType;
  if (typeof kty !== "string") refuse('"kty" must be a string');
  if (first === undefined) ignore(`the key type ${quoteText(kty)} is not supported`);
  const hasCurve = first.curve !== undefined;
  if (hasCurve && typeof crv !== "string") refuse('"crv" must be a string');
  const fitting = hasCurve ? ofType.filter(({ curve }) => curve === crv) : ofType;
  if (fitting.length === 0) {
    if (known.some(({ curve }) => curve === crv)) refuse(`"crv" ${String(crv)} is no curve of "kty" ${kty}`);
    ignore(`the curve ${quoteText(String(crv))} is not supported`);
  }
  const kind = `${kty} keys${hasCurve ? ` on ${String(crv)}` : ""}`;
  const named = alg === undefined ? undefined : findNamed(alg, fitting);
  if (named !== undefined && !fitting.includes(named)) refuse(`"alg" ${named.name} does not fit ${kind}`);
  if (named === undefined && kty === "AKP") refuse('"alg" is missing; AKP keys must have it');
  const usable = new Set(allowed.map(resolveAlias));
  const chosen = [...usable].filter((algorithm) =>
    named ? algorithm === named : fitting.includes(algorithm),
  );
  if (chosen.length > 0) return chosen;
  return ignore(
    named === undefined
      ? `no algorithm that is allowed for this issuer uses ${kind}`
      : `"alg" ${named.name} is not allowed for this issuer`,
  );
}

function findNamed(alg: unknown, fitting: readonly Algorithm[]): Algorithm {
  if (typeof alg !== "string") refuse('"alg" must be a string');
  // RFC 8037 section 3.1 used one name for both curves; the key's curve tells which it is (RFC 9864).
  if (alg === "EdDSA" && fitting.includes(ALGORITHMS.Ed448)) return ALGORITHMS.Ed448;
  const algorithm = findAlgorithm(alg);
  if (algorithm === undefined) ignore(`"alg" ${quoteText(alg)} is no supported signature algorithm`);
  return resolveAlias(algorithm);
}
