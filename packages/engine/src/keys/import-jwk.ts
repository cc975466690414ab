import { platform as runtimePlatform } from "#platform";
import type { Algorithm } from "../algorithms.ts";
import type { Platform } from "../platform/platform.ts";
import { isKeyId, KEY_ID_RULE } from "../token/key-id.ts";
import { canonicalizeJwk } from "./canonicalize-jwk.ts";
import { checkEcKey, type EcCurve } from "./check-ec-key.ts";
import { checkEdwardsKey, type EdwardsCurve } from "./check-edwards-key.ts";
import { checkKeyUse } from "./check-key-use.ts";
import { type CheckedMaterial, checkRsaKey } from "./check-rsa-key.ts";
import { chooseAlgorithms } from "./choose-algorithms.ts";
import { type Exclusion, ignore, readProblem, refuse } from "./key-problem.ts";
import type { VerificationKey } from "./key-source.ts";
import { type JwkMembers, readJwk } from "./read-jwk.ts";
import { readOctets } from "./read-octets.ts";

export interface KeyImportContext {
  /** The issuer's allowed algorithms, aliases included. */
  readonly algorithms: readonly Algorithm[];
  /** Where the key comes from; changes what a problem advises, not what is a problem. */
  readonly source: "inline" | "fetched";
  /** Default the runtime's own. */
  readonly platform?: Platform;
}

/**
 * One JWK after import: a key for each algorithm that it counts for, or why it does not count. The text is for
 * people and holds no key material.
 */
export type JwkImport = { readonly keyId: string | undefined } & (
  | { readonly keys: readonly VerificationKey[] }
  | { readonly exclusion: Exclusion; readonly problem: string }
);

/**
 * Checks a public JWK against every rule (RFC 7517 section 4, RFC 7518 section 6, RFC 8037, RFC 8725
 * section 3.5, RFC 9964) and hands it to the runtime. Never throws. Where the runtime imports
 * asynchronously, each key's `native` is a promise that may still reject.
 */
export function importJwk(jwk: unknown, context: KeyImportContext): JwkImport {
  let keyId: string | undefined;
  try {
    const members = readJwk(jwk);
    const { kid } = members;
    if (kid !== undefined && !isKeyId(kid)) refuse(`"kid" must be ${KEY_ID_RULE}`);
    keyId = kid;
    return { keyId, keys: makeKeys({ members, keyId }, context) };
  } catch (error) {
    return { keyId, ...readProblem(error) };
  }
}

function makeKeys(
  { members, keyId }: { readonly members: JwkMembers; readonly keyId: string | undefined },
  { algorithms, source, platform = runtimePlatform }: KeyImportContext,
): readonly VerificationKey[] {
  checkPublic(members, source);
  checkKeyUse(members);
  const chosen = chooseAlgorithms(members, algorithms);
  const usable = chosen.filter((algorithm) => platform.supports(algorithm));
  const [first] = usable;
  if (first === undefined) ignore(`this runtime cannot verify ${chosen.map(({ name }) => name).join(", ")}`);
  const { jwk, signatureBytes } = checkMaterial(members, first);
  const material = canonicalizeJwk(jwk);
  return usable.map((algorithm) => ({
    keyId,
    algorithm,
    signatureBytes,
    material,
    native: keepQuiet(platform.importKey(algorithm, jwk)),
  }));
}

/** Whoever awaits a native key sees its rejection; nobody having awaited it yet must not end the process. */
export function keepQuiet(native: VerificationKey["native"]): VerificationKey["native"] {
  if (native instanceof Promise) native.catch(() => undefined);
  return native;
}

function checkPublic({ kty, privateNames }: JwkMembers, source: KeyImportContext["source"]): void {
  if (kty !== "oct" && privateNames.length === 0) return;
  const found = kty === "oct" ? "a symmetric key" : `private members (${privateNames.join(", ")})`;
  const advice =
    source === "fetched"
      ? "have the issuer replace it at once"
      : "configure the public key alone, or `secrets`";
  refuse(`${found} in a set of public keys; ${advice}`);
}

function checkMaterial(members: JwkMembers, algorithm: Algorithm): CheckedMaterial {
  const { keyType, curve } = algorithm;
  if (keyType === "RSA") return checkRsaKey(members);
  if (keyType === "EC") return checkEcKey(curve as EcCurve, members);
  if (keyType === "OKP") return checkEdwardsKey(curve as EdwardsCurve, members);
  // ML-DSA (RFC 9964 section 3): `pub` of exactly the length that the key's `alg` prescribes.
  const { name: alg, keyBytes = 0, signatureBytes = 0 } = algorithm;
  readOctets({ name: "pub", value: members.pub }, { least: keyBytes, most: keyBytes });
  return { jwk: { kty: "AKP", alg, pub: members.pub as string }, signatureBytes };
}
