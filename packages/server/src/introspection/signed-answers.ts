/** Signed answers (RFC 9701): of this issuer, for us, just now, and for nothing else than this. */

import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";

import type { IntrospectedIssuer } from "../config/introspection-configuration.ts";
import { EndpointFault } from "../oauth-client/endpoint-fault.ts";
import type { BoundedFetch } from "../oauth-client/fetch-bounded.ts";

/** RFC 9701 section 5. */
const SIGNED_TYPE = "token-introspection+jwt";
export const SIGNED_MEDIA_TYPE: string = `application/${SIGNED_TYPE}`;

/** Answers are made for a question: an old one may be somebody else's. */
const MAX_AGE_SECONDS = 60;
const TOLERANCE_SECONDS = 30;

/** Gives the member `token_introspection`. Rejects with an `EndpointFault`. */
export type VerifySignedAnswer = (text: string) => Promise<unknown>;

/** Undefined where answers need not be signed. */
export function createAnswerVerifier(
  { issuer, audiences, introspection }: IntrospectedIssuer,
  { fetch, clock }: Pick<BoundedFetch, "fetch"> & { readonly clock: () => number },
): VerifySignedAnswer | undefined {
  const { signedAnswers, clientId, timeoutMs } = introspection;
  if (signedAnswers === undefined) return undefined;
  const keys = createRemoteJWKSet(new URL(signedAnswers.jwksUri), {
    timeoutDuration: timeoutMs,
    [customFetch]: (url, { headers, signal }) => fetch(url, { headers, signal }),
  });
  const options = {
    issuer,
    audience: [...(signedAnswers.audiences ?? [clientId, ...audiences])],
    algorithms: [...signedAnswers.algorithms],
    typ: SIGNED_TYPE,
    requiredClaims: ["iat"],
    maxTokenAge: MAX_AGE_SECONDS,
    clockTolerance: TOLERANCE_SECONDS,
  };
  return async (text) => {
    try {
      const { payload } = await jwtVerify(text, keys, { ...options, currentDate: new Date(clock()) });
      return payload["token_introspection"];
    } catch (error) {
      if (error instanceof EndpointFault) throw error;
      const code = error instanceof errors.JOSEError ? error.code : "unknown";
      throw new EndpointFault("bad_answer", `a signed answer that does not verify (${code})`, {
        cause: error,
      });
    }
  };
}
