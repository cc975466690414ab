/** `countersign/express`: a guard for Express 4 and 5, and for whatever else takes (request, response, next). */

import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { createRequestGuard, type GuardOutcome } from "./create-request-guard.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";
import { describeNodeRequest, type NodeRequest, type NodeResponse, writeNodeAnswer } from "./node-request.ts";

export type { GuardOptions, GuardRule, ShadowTold } from "./guard-options.ts";

/** What a guard leaves on the request. Both undefined where an optional token is absent. */
export interface GuardedMembers {
  principal?: Principal | undefined;
  token?: VerifiedToken | undefined;
}

declare global {
  // biome-ignore lint/style/noNamespace: the types of Express are extended through this one and no other.
  namespace Express {
    // Merged with the types of Express, where those are installed.
    interface Request extends GuardedMembers {}
  }
}

export type ExpressRequest = NodeRequest & GuardedMembers & { readonly originalUrl?: string | undefined };

export type ExpressHandler = (
  request: ExpressRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void> | undefined;

/** Makes a handler that lets requests on as `rule` says; without one, every request with a token that passes. */
export type ExpressGuard = (rule?: GuardRule) => ExpressHandler;

/**
 * Creates a guard. Its handlers set `request.principal` and `request.token`, or answer 400, 401, 403 or 503 with a
 * challenge and problem details.
 *
 * @throws ConfigurationError for wrong options; each rule throws its own when the route is set up.
 * @example
 * const guard = createGuard({ validator });
 * app.get("/orders", guard({ require: { scopes: { all: ["orders:read"] } } }), listOrders);
 */
export function createGuard(options: GuardOptions): ExpressGuard {
  const compile = createRequestGuard(options);
  return (rule) => {
    const judge = compile(rule);
    return (request, response, next) => {
      // Nothing that stood here before, from elsewhere, is to be taken for a verified one.
      request.principal = undefined;
      request.token = undefined;
      const settle = (outcome: GuardOutcome): void => {
        if (outcome.kind === "refused") {
          writeNodeAnswer(response, outcome.answer);
          return;
        }
        if (outcome.kind === "accepted") {
          request.principal = outcome.accepted.principal;
          request.token = outcome.accepted.token;
          if (outcome.nonce !== undefined) response.setHeader("DPoP-Nonce", outcome.nonce);
        }
        next();
      };
      const wait = async (pending: Promise<GuardOutcome>): Promise<void> => {
        try {
          settle(await pending);
        } catch (error) {
          // Of the caller's own functions, such as `onShadow`: the validator does not reject.
          next(error);
        }
      };
      const outcome = judge(describeNodeRequest(request, request.originalUrl));
      if (outcome instanceof Promise) return wait(outcome);
      settle(outcome);
      return undefined;
    };
  };
}
