/** An assertion as a JWS, for as long as its principal's token and its own kind allow. */

import type { TokenSigner } from "@countersign/signing-keys";
import type { JsonObject } from "countersign";

/** Tells it from every other kind of JWT (RFC 8725 section 3.11): no access token, and no access token is one. */
export const ASSERTION_TYPE = "countersign-identity+jwt";

export interface AssertionRequest {
  /** All but `iss`, `iat`, `exp` and `jti`. */
  readonly claims: JsonObject;
  readonly lifetimeSeconds: number;
  /** Seconds since the epoch at which the client's token ends. */
  readonly endsAt: number;
}

export interface SignedAssertion {
  readonly text: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

/** Rejects where no key can be used. */
export type SignAssertion = (request: AssertionRequest) => Promise<SignedAssertion>;

/** Where the client's token is over and is let in by the clock's tolerance. */
export const LEAST_LIFETIME_SECONDS = 5;

/** Signs with the key that is active. */
export function createAssertionSigner(signer: Pick<TokenSigner, "sign">, clock: () => number): SignAssertion {
  return async ({ claims, lifetimeSeconds: longest, endsAt }) => {
    const left = Math.floor(endsAt) - Math.floor(clock() / 1000);
    const lifetimeSeconds = Math.min(longest, Math.max(left, LEAST_LIFETIME_SECONDS));
    const { token: text } = await signer.sign({ claims, lifetimeSeconds, type: ASSERTION_TYPE });
    return { text, exp: readExpiry(text) };
  };
}

function readExpiry(text: string): number {
  const payload = Buffer.from(text.split(".", 2)[1] ?? "", "base64url").toString("utf8");
  return (JSON.parse(payload) as { readonly exp: number }).exp;
}
