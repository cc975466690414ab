/** One exchange at a token endpoint: RFC 8693 section 2. The protocol itself is oauth4webapi's. */

import {
  type AuthorizationServer,
  allowInsecureRequests,
  type ClientAuth,
  customFetch,
  genericTokenEndpointRequest,
} from "oauth4webapi";

import type { ExchangeConfiguration } from "../config/exchange-configuration.ts";
import { createClientAuthentication } from "../oauth-client/client-authentication.ts";
import { EndpointFault } from "../oauth-client/endpoint-fault.ts";
import { createBoundedFetch } from "../oauth-client/fetch-bounded.ts";
import { type ExchangedToken, readExchangedToken, TOKEN_TYPES } from "./exchanged-token.ts";
import { readTokenAnswer } from "./read-token-answer.ts";

/** What came of an exchange: a token, or that the endpoint does not give one for this. */
export type ExchangeAnswer =
  | { readonly kind: "exchanged"; readonly token: ExchangedToken }
  | { readonly kind: "refused"; readonly error: RefusalError };

/**
 * Errors that are about the token and its target (RFC 6749 section 5.2, RFC 8693 section 2.2.2). All others are about
 * us: that the endpoint does not know us, does not let us ask, or does not understand what was configured.
 */
export type RefusalError = "invalid_grant" | "invalid_request" | "invalid_target" | "invalid_scope";

export interface TokenEndpoint {
  /** Rejects with an `EndpointFault`. */
  exchange(subjectToken: string, signal: AbortSignal): Promise<ExchangeAnswer>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";
const REFUSALS: ReadonlySet<string> = new Set<RefusalError>([
  "invalid_grant",
  "invalid_request",
  "invalid_target",
  "invalid_scope",
]);

/** Connects with the first exchange. */
export function createTokenEndpoint(configuration: ExchangeConfiguration): TokenEndpoint {
  const { tokenEndpoint, clientId, insecureLoopbackHttp, tls, timeoutMs, maxConcurrent } = configuration;
  const connections = createBoundedFetch({ tls, timeoutMs, connections: maxConcurrent });
  const server: AuthorizationServer = { issuer: tokenEndpoint, token_endpoint: tokenEndpoint };
  const client = { client_id: clientId };
  const common = listParameters(configuration);
  let authentication: Promise<ClientAuth> | undefined;
  return {
    async exchange(subjectToken, signal) {
      authentication ??= createClientAuthentication(configuration);
      const parameters = [...common, ["subject_token", subjectToken]];
      const response = await genericTokenEndpointRequest(
        server,
        client,
        await authentication,
        GRANT_TYPE,
        parameters,
        {
          signal,
          [allowInsecureRequests]: insecureLoopbackHttp,
          [customFetch]: connections.fetch,
        },
      );
      checkStatus(response.status);
      const answer = readTokenAnswer(await response.text());
      if (response.status === 400) return { kind: "refused", error: readError(answer) };
      return { kind: "exchanged", token: readExchangedToken(answer, { ...configuration, subjectToken }) };
    },
    close: () => connections.close(),
  };
}

function listParameters({
  audiences,
  resources,
  scopes,
  requestedTokenType,
  subjectTokenType,
}: ExchangeConfiguration): [string, string][] {
  return [
    ["subject_token_type", TOKEN_TYPES[subjectTokenType]],
    ["requested_token_type", TOKEN_TYPES[requestedTokenType]],
    ...audiences.map((audience): [string, string] => ["audience", audience]),
    ...resources.map((resource): [string, string] => ["resource", resource]),
    ...(scopes.length === 0 ? [] : [["scope", scopes.join(" ")] satisfies [string, string]]),
  ];
}

/** 400 says by the book what is wrong; whatever else is not 200 says nothing about the token. */
function checkStatus(status: number): void {
  if (status === 200 || status === 400) return;
  if (status === 401 || status === 403)
    throw new EndpointFault("auth_error", `${status}: the endpoint does not take our credentials`);
  const isOutage = status >= 500 || status === 429 || status === 408;
  throw new EndpointFault("http_error", `expected 200, found ${status}`, { isOutage });
}

/** Nothing of what the endpoint wrote goes into a message: it may repeat what it was shown. */
function readError({ error }: Readonly<Record<string, unknown>>): RefusalError {
  if (isRefusal(error)) return error;
  if (error === "invalid_client" || error === "unauthorized_client")
    throw new EndpointFault("auth_error", `${error}: the endpoint does not let us exchange`);
  throw new EndpointFault("http_error", "400 with an error that is not about the token", { isOutage: false });
}

function isRefusal(error: unknown): error is RefusalError {
  return typeof error === "string" && REFUSALS.has(error);
}
