/** The signature step (RFC 7515 section 5.2): the only code that turns an unverified token into a verified one. */

import { platform } from "#platform";
import type { VerificationKey } from "../keys/key-source.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { Claims, VerifiedToken } from "./verified-token.ts";

export interface SignatureInput {
  readonly token: UnverifiedToken;
  /** Candidates of the issuer for the header's algorithm; more than one only for a token without kid. */
  readonly keys: readonly VerificationKey[];
  /** The issuer's alias, for the verified token. */
  readonly issuer: string;
  /** Whether a promise will do where the runtime can verify beside this thread. Default false. */
  readonly mayWait?: boolean;
}

/** The verified token, or undefined where no key verifies. A promise where the runtime's crypto is asynchronous. */
export function verifySignature(
  input: SignatureInput,
): VerifiedToken | undefined | Promise<VerifiedToken | undefined> {
  return tryKeys(input, platform.encodeAscii(input.token.signedText), 0);
}

function tryKeys(
  input: SignatureInput,
  signed: Uint8Array,
  from: number,
): ReturnType<typeof verifySignature> {
  const { keys, token, mayWait = false } = input;
  const { signature } = token;
  for (let index = from; index < keys.length; index++) {
    const key = keys[index] as VerificationKey;
    // A signature of another length never verifies, and is not worth a call.
    if (signature.length !== key.signatureBytes) continue;
    const { native } = key;
    const valid =
      native instanceof Promise
        ? native.then((settled) => platform.verify(key.algorithm, settled, { signature, signed, mayWait }))
        : platform.verify(key.algorithm, native, { signature, signed, mayWait });
    if (valid instanceof Promise) {
      return valid.then((isValid) =>
        isValid ? createVerifiedToken(input, key) : tryKeys(input, signed, index + 1),
      );
    }
    if (valid) return createVerifiedToken(input, key);
  }
  return undefined;
}

function createVerifiedToken({ token, issuer }: SignatureInput, key: VerificationKey): VerifiedToken {
  const claims = token.claims as Claims;
  const verified: Omit<VerifiedToken, symbol> = {
    header: token.header,
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
