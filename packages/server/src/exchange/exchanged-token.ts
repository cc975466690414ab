/** What a token endpoint answered to an exchange (RFC 8693 section 2.2), once it was checked. */

import type { ExchangedTokenType } from "../config/exchange-configuration.ts";
import { EndpointFault } from "../oauth-client/endpoint-fault.ts";

/** A token for the upstream. */
export interface ExchangedToken {
  readonly text: string;
  /** Seconds from the answer on; undefined where the endpoint does not say. */
  readonly expiresInSeconds: number | undefined;
}

/** RFC 8693 section 3; the last of OAuth Transaction Tokens. */
export const TOKEN_TYPES: Readonly<Record<ExchangedTokenType, string>> = {
  access_token: "urn:ietf:params:oauth:token-type:access_token",
  jwt: "urn:ietf:params:oauth:token-type:jwt",
  txn_token: "urn:ietf:params:oauth:token-type:txn_token",
};

export interface ExpectedAnswer {
  readonly requestedTokenType: ExchangedTokenType;
  readonly maxTokenBytes: number;
  /** The token that was shown: it must not come back. */
  readonly subjectToken: string;
}

/** What a header can carry after its scheme (RFC 9110 section 11.2), and nothing that would end the header. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
const LONGEST_LIFETIME_SECONDS = 31_536_000;

/** @throws EndpointFault where the answer is not the token that was asked for. */
export function readExchangedToken(
  answer: Readonly<Record<string, unknown>>,
  { requestedTokenType, maxTokenBytes, subjectToken }: ExpectedAnswer,
): ExchangedToken {
  const { access_token: text, token_type: type, issued_token_type: issued, expires_in: lifetime } = answer;
  if (typeof text !== "string" || text === "") return refuse("an answer without access_token");
  if (issued !== TOKEN_TYPES[requestedTokenType])
    return refuse("an issued_token_type that was not asked for");
  // A token that needs a proof of possession is of no use without the key; N_A is no credential.
  const scheme = requestedTokenType === "txn_token" ? "n_a" : "bearer";
  if (typeof type !== "string" || type.toLowerCase() !== scheme)
    return refuse("a token_type under which the token cannot be sent on");
  if (requestedTokenType === "txn_token" && answer["refresh_token"] !== undefined)
    return refuse("a transaction token with a refresh token beside it");
  if (text.length > maxTokenBytes) return refuse(`a token of more than ${maxTokenBytes} bytes`);
  if (!TOKEN68.test(text)) return refuse("a token with characters that no header may carry");
  if (text === subjectToken) return refuse("the token that was to be exchanged");
  return { text, expiresInSeconds: readLifetime(lifetime) };
}

function readLifetime(lifetime: unknown): number | undefined {
  if (lifetime === undefined) return undefined;
  const isTime = typeof lifetime === "number" && Number.isFinite(lifetime) && lifetime > 0;
  if (!isTime) return refuse("an expires_in that is no lifetime");
  return Math.min(lifetime, LONGEST_LIFETIME_SECONDS);
}

function refuse(what: string): never {
  throw new EndpointFault("bad_answer", what);
}
