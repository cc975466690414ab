/** The signature step (RFC 7515 section 5.2): the only code that turns an unverified token into a verified one. */

import { platform } from "#platform";
import type { VerificationKey } from "../keys/key-source.ts";
import type { JsonValue } from "../token/json-value.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { Claims, JoseHeader, VerifiedToken } from "./verified-token.ts";

export interface SignatureInput {
  readonly token: UnverifiedToken;
  /** Candidates of the issuer for the header's algorithm; more than one only for a token without kid. */
  readonly keys: readonly VerificationKey[];
  /** The issuer's alias, for the verified token. */
  readonly issuer: string;
}

/** The verified token, or undefined where no key verifies. A promise where the runtime's crypto is asynchronous. */
export function verifySignature(
  input: SignatureInput,
): VerifiedToken | undefined | Promise<VerifiedToken | undefined> {
  const signed = platform.encodeAscii(input.token.signedText);
  return tryKeys(input, { signed, from: 0 });
}

function tryKeys(
  input: SignatureInput,
  state: { readonly signed: Uint8Array; readonly from: number },
): VerifiedToken | undefined | Promise<VerifiedToken | undefined> {
  const { token, keys } = input;
  for (let index = state.from; index < keys.length; index++) {
    const key = keys[index] as VerificationKey;
    // A signature of another length never verifies, and is not worth a call.
    if (token.signature.length !== key.signatureBytes) continue;
    const valid = verifyWith(key, { signature: token.signature, signed: state.signed });
    if (valid === true) return createVerifiedToken(input, key);
    if (valid !== false) {
      return valid.then((ok) =>
        ok ? createVerifiedToken(input, key) : tryKeys(input, { signed: state.signed, from: index + 1 }),
      );
    }
  }
  return undefined;
}

function verifyWith(
  key: VerificationKey,
  input: { readonly signature: Uint8Array; readonly signed: Uint8Array },
): boolean | Promise<boolean> {
  const { native, algorithm } = key;
  if (native instanceof Promise)
    return native.then((imported) => platform.verify(algorithm, imported, input));
  return platform.verify(algorithm, native, input);
}

function createVerifiedToken({ token, issuer }: SignatureInput, key: VerificationKey): VerifiedToken {
  const claims = freezeDeep(token.claims) as Claims;
  const verified: Omit<VerifiedToken, symbol> = {
    header: freezeDeep(token.header) as JoseHeader,
    claims,
    issuer,
    algorithm: key.algorithm.name,
    keyId: key.keyId,
    expiresAt: readExpiry(claims),
  };
  return Object.freeze(verified) as VerifiedToken;
}

/** `explain` verifies before the forms of claims are known: a misshapen `exp` counts as long past. */
function readExpiry({ exp }: { readonly exp?: unknown }): number {
  if (exp === undefined) return Number.POSITIVE_INFINITY;
  return typeof exp === "number" ? exp * 1000 : 0;
}

/** The reader's depth bound bounds the recursion. What is no object counts as frozen, null too. */
function freezeDeep(value: JsonValue): JsonValue {
  if (typeof value !== "object" || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (const member of value as readonly JsonValue[]) freezeDeep(member);
  } else {
    const object = value as { readonly [name: string]: JsonValue };
    for (const name in object) freezeDeep(object[name] as JsonValue);
  }
  return Object.freeze(value);
}
