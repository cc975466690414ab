import { platform as runtimePlatform } from "#platform";
import type { Algorithm } from "../algorithms.ts";
import type { Platform, PublicJwk } from "../platform/platform.ts";
import { canonicalizeJwk } from "./canonicalize-jwk.ts";
import { checkEcKey } from "./check-ec-key.ts";
import { checkEdwardsKey } from "./check-edwards-key.ts";
import type { KeyExclusion } from "./check-key-use.ts";
import { checkKeyUse } from "./check-key-use.ts";
import { checkMlDsaKey } from "./check-ml-dsa-key.ts";
import type { PublicKeyCheck } from "./check-rsa-key.ts";
import { checkRsaKey } from "./check-rsa-key.ts";
import { chooseAlgorithms } from "./choose-algorithms.ts";
import type { VerificationKey } from "./key-source.ts";
import type { JwkMembers } from "./read-jwk.ts";
import { readJwk } from "./read-jwk.ts";

export interface KeyImportContext {
  /** The issuer's allowed algorithms, aliases included. */
  readonly algorithms: readonly Algorithm[];
  /** Where the key comes from; changes what a problem advises, not what is a problem. */
  readonly source: "inline" | "fetched";
  /** Default the runtime's own. */
  readonly platform?: Platform;
}

/**
 * One JWK after import: a key for each algorithm that it counts for, or why it is refused (it breaks a
 * rule) or ignored (it is for something else). The texts are for people and hold no key material.
 */
export type JwkImport = { readonly keyId: string | undefined } & (
  | { readonly keys: readonly [VerificationKey, ...VerificationKey[]] }
  | KeyExclusion
);

/** Longest `kid` in UTF-16 code units. */
export const MAX_KEY_ID_LENGTH = 256;

/**
 * Checks a public JWK against every rule (RFC 7517 section 4, RFC 7518 section 6, RFC 8037, RFC 8725
 * section 3.5, RFC 9964) and hands it to the runtime. Never throws. Where the runtime imports
 * asynchronously, each key's `native` is a promise that may still reject.
 */
export function importJwk(jwk: unknown, context: KeyImportContext): JwkImport {
  const reading = readJwk(jwk);
  if ("problem" in reading) return { keyId: undefined, refused: reading.problem };
  const { members } = reading;
  const { kid } = members;
  if (kid !== undefined && !isKeyId(kid)) {
    return {
      keyId: undefined,
      refused: `"kid" must be a string of 1 to ${MAX_KEY_ID_LENGTH} characters without control characters`,
    };
  }
  return { keyId: kid, ...importMembers({ members, keyId: kid }, context) };
}

/** Whether a value can be a key's `kid` here; RFC 7515 section 4.1.4 asks for a string only. */
export function isKeyId(value: unknown): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= MAX_KEY_ID_LENGTH && !/\p{Cc}/u.test(value)
  );
}

function importMembers(
  { members, keyId }: { members: JwkMembers; keyId: string | undefined },
  context: KeyImportContext,
): { keys: readonly [VerificationKey, ...VerificationKey[]] } | KeyExclusion {
  const exclusion = checkPublic(members, context) ?? checkKeyUse(members);
  if (exclusion !== undefined) return exclusion;
  const choice = chooseAlgorithms(members, context.algorithms);
  if (!("algorithms" in choice)) return choice;
  const platform = context.platform ?? runtimePlatform;
  const algorithms = choice.algorithms.filter((algorithm) => platform.supports(algorithm));
  const [first, ...others] = algorithms;
  if (first === undefined) {
    return { ignored: `this runtime cannot verify ${choice.algorithms.map(({ name }) => name).join(", ")}` };
  }
  const check = checkMaterial(members, first);
  if ("problem" in check) return { refused: check.problem };
  const { jwk, signatureBytes } = check;
  const material = canonicalizeJwk(jwk);
  try {
    const makeKey = (algorithm: Algorithm): VerificationKey => ({
      keyId,
      algorithm,
      signatureBytes,
      material,
      native: importNative(platform, { algorithm, jwk }),
    });
    return { keys: [makeKey(first), ...others.map(makeKey)] };
  } catch {
    return { refused: "the runtime's crypto refuses the key" };
  }
}

function checkPublic(
  { kty, privateNames }: JwkMembers,
  { source }: KeyImportContext,
): KeyExclusion | undefined {
  const advice =
    source === "fetched"
      ? "it is published, so it is no secret anymore: have the issuer replace it at once"
      : "configure the public key alone, and secrets under `secrets`";
  if (kty === "oct") return { refused: `a symmetric key in a set of public keys; ${advice}` };
  if (privateNames.length === 0) return undefined;
  return { refused: `private members (${privateNames.join(", ")}) in a set of public keys; ${advice}` };
}

function checkMaterial(members: JwkMembers, algorithm: Algorithm): PublicKeyCheck {
  const { curve, family } = algorithm;
  if (family === "ml-dsa") return checkMlDsaKey(algorithm, members);
  if (curve === undefined) return checkRsaKey(members);
  return family === "ecdsa" ? checkEcKey(curve, members) : checkEdwardsKey(curve, members);
}

function importNative(
  platform: Platform,
  { algorithm, jwk }: { algorithm: Algorithm; jwk: PublicJwk },
): VerificationKey["native"] {
  const native = platform.importKey(algorithm, jwk);
  // Whoever awaits it sees the rejection; nobody having awaited it yet must not end the process.
  if (native instanceof Promise) native.catch(() => undefined);
  return native;
}
