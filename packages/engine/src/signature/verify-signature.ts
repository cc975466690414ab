/** The signature step (RFC 7515 section 5.2): the only code that turns an unverified token into a verified one. */

import { platform } from "#platform";
import type { VerificationKey } from "../keys/key-source.ts";
import type { JsonValue } from "../token/json-value.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import { andThen } from "./and-then.ts";
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
  const { keys, token } = input;
  const { signature } = token;
  const signed = platform.encodeAscii(token.signedText);
  const tryFrom = (index: number): ReturnType<typeof verifySignature> => {
    const key = keys[index];
    if (key === undefined) return undefined;
    // A signature of another length never verifies, and is not worth a call.
    if (signature.length !== key.signatureBytes) return tryFrom(index + 1);
    const valid = andThen(key.native, (native) =>
      platform.verify(key.algorithm, native, { signature, signed }),
    );
    return andThen(valid, (isValid) => (isValid ? createVerifiedToken(input, key) : tryFrom(index + 1)));
  };
  return tryFrom(0);
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
