/** `countersign/fetch`: `Request` to verdict, for every server with the Web's own types. */

import type { HttpAnswer } from "../http/answer-rejected.ts";
import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import type { Verdict } from "../validator/verdict.ts";
import { createRequestGuard, type GuardOutcome } from "./create-request-guard.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";

export type { GuardOptions, GuardRule, ShadowTold } from "./guard-options.ts";

/** The part of `Request` that is read. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Iterable<readonly [name: string, value: string]>;
}

/** Who asks; both undefined where an optional token is absent. */
export interface Caller {
  readonly principal: Principal | undefined;
  readonly token: VerifiedToken | undefined;
}

export interface FetchGuard<R extends FetchRequest = Request> {
  /** The verdict alone, with `missing_token` where there is none, also where it is optional. Never rejects. */
  judge(request: R): Promise<Verdict>;
  /** A handler that only runs for what passes; all else is answered 400, 401, 403 or 503, with challenge and problem details. */
  protect<Rest extends readonly unknown[]>(
    handler: (request: R, caller: Caller, ...rest: Rest) => Response | Promise<Response>,
  ): (request: R, ...rest: Rest) => Promise<Response>;
}

/**
 * Creates a guard; `rule` is for all requests that it sees. Without `origin` the URL of the request is what DPoP proofs
 * are compared with: give it where a client can choose the `Host` that this URL is made of.
 *
 * @throws ConfigurationError for wrong options or a wrong rule.
 * @example
 * const guard = createGuard({ validator }, { require: { scopes: { all: ["orders:read"] } } });
 * export default { fetch: guard.protect((request, { principal }) => new Response(principal?.subject)) };
 */
export function createGuard<R extends FetchRequest = Request>(
  options: GuardOptions,
  rule: GuardRule = {},
): FetchGuard<R> {
  const compile = createRequestGuard(options);
  const judgeRequest = compile(rule);
  const judgeAlways = rule.optional === true ? compile({ ...rule, optional: false }) : judgeRequest;
  return {
    judge: async (request) => {
      const outcome = await judgeAlways(request);
      if (outcome.kind === "anonymous") throw new TypeError("a token that must be there cannot be absent");
      return outcome.kind === "accepted" ? outcome.accepted : outcome.rejected;
    },
    protect:
      (handler) =>
      async (request, ...rest) => {
        const outcome = await judgeRequest(request);
        if (outcome.kind === "refused") return createResponse(outcome.answer);
        const response = await handler(request, describeCaller(outcome), ...rest);
        const nonce = outcome.kind === "accepted" ? outcome.nonce : undefined;
        return nonce === undefined ? response : addNonce(response, nonce);
      },
  };
}

/** A copy, since the headers of some responses cannot be changed. */
function addNonce(response: Response, nonce: string): Response {
  const copy = new Response(response.body, response);
  copy.headers.set("DPoP-Nonce", nonce);
  return copy;
}

/** The answer to a refusal as a `Response`. */
export function createResponse({ status, headers, body }: HttpAnswer): Response {
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

function describeCaller(outcome: Exclude<GuardOutcome, { readonly kind: "refused" }>): Caller {
  if (outcome.kind === "anonymous") return { principal: undefined, token: undefined };
  const { principal, token } = outcome.accepted;
  return { principal, token };
}
