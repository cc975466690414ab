/** One question to an introspection endpoint: RFC 7662 section 2, RFC 9701 section 4. */

import {
  type AuthorizationServer,
  allowInsecureRequests,
  type ClientAuth,
  customFetch,
  introspectionRequest,
} from "oauth4webapi";

import type { IntrospectedIssuer } from "../config/introspection-configuration.ts";
import { createClientAuthentication } from "../oauth-client/client-authentication.ts";
import { EndpointFault } from "../oauth-client/endpoint-fault.ts";
import { createBoundedFetch } from "../oauth-client/fetch-bounded.ts";
import { measureClock } from "../oauth-client/measure-clock.ts";
import { type IntrospectionAnswer, readAnswer, readJson } from "./read-answer.ts";
import { createAnswerVerifier, SIGNED_MEDIA_TYPE } from "./signed-answers.ts";

export interface Endpoint {
  /** Rejects with an `EndpointFault`. */
  ask(token: string, signal: AbortSignal): Promise<IntrospectionAnswer>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export interface EndpointHost {
  readonly clock: () => number;
  /** Told with each answer that says its time: by how many seconds the issuer's clock is ahead of ours. */
  onClock?(seconds: number): void;
}

/** Connects with the first question. */
export function createEndpoint(asked: IntrospectedIssuer, host: EndpointHost): Endpoint {
  const { clock } = host;
  const { issuer, introspection } = asked;
  const { endpoint, clientId, insecureLoopbackHttp, tls, timeoutMs, maxConcurrent } = introspection;
  const connections = createBoundedFetch({ tls, timeoutMs, connections: maxConcurrent });
  const verifySigned = createAnswerVerifier(asked, { fetch: connections.fetch, clock });
  const server: AuthorizationServer = { issuer, introspection_endpoint: endpoint };
  const client = { client_id: clientId };
  let authentication: Promise<ClientAuth> | undefined;
  return {
    async ask(token, signal) {
      authentication ??= createClientAuthentication(introspection);
      const askedMs = clock();
      const response = await introspectionRequest(server, client, await authentication, token, {
        additionalParameters: { token_type_hint: "access_token" },
        requestJwtResponse: verifySigned !== undefined,
        signal,
        [allowInsecureRequests]: insecureLoopbackHttp,
        [customFetch]: connections.fetch,
      });
      const ahead = measureClock(response.headers, { askedMs, answeredMs: clock() });
      if (ahead !== undefined) host.onClock?.(ahead);
      checkStatus(response.status);
      const text = await response.text();
      const isSigned = readMediaType(response) === SIGNED_MEDIA_TYPE;
      if (verifySigned === undefined) {
        if (isSigned) throw new EndpointFault("bad_answer", "a signed answer, and no keys for it");
        return readAnswer(readJson(text));
      }
      // Plain JSON in place of what was asked for could come from anybody on the way.
      if (!isSigned) throw new EndpointFault("bad_answer", "an answer that is not signed");
      return readAnswer(await verifySigned(text));
    },
    close: () => connections.close(),
  };
}

function checkStatus(status: number): void {
  if (status === 200) return;
  if (status === 401 || status === 403)
    throw new EndpointFault("auth_error", `${status}: the endpoint does not take our credentials`);
  // What a client sends as its token must not be able to open the breaker for everyone.
  const isOutage = status >= 500 || status === 429 || status === 408;
  throw new EndpointFault("http_error", `expected 200, found ${status}`, { isOutage });
}

function readMediaType(response: Response): string {
  return (response.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
