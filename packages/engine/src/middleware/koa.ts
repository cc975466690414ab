/** `countersign/koa`: a guard for Koa 2 and 3. */

import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { createRequestGuard } from "./create-request-guard.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";
import { describeNodeRequest, type NodeRequest } from "./node-request.ts";

export type { GuardOptions, GuardRule, ShadowTold } from "./guard-options.ts";

/** What a guard leaves in `ctx.state`; give it to Koa as the type of the state. */
export interface GuardedState {
  /** Undefined where an optional token is absent. */
  principal?: Principal | undefined;
  token?: VerifiedToken | undefined;
}

/** The part of Koa's context that is used. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly originalUrl: string;
  readonly state: GuardedState;
  status: number;
  body: unknown;
  set(name: string, value: string): void;
}

export type KoaHandler = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** Makes a handler that lets requests on as `rule` says; without one, every request with a token that passes. */
export type KoaGuard = (rule?: GuardRule) => KoaHandler;

/**
 * Creates a guard. Its handlers set `ctx.state.principal` and `ctx.state.token`, or answer 400, 401, 403 or 503 with a
 * challenge and problem details.
 *
 * @throws ConfigurationError for wrong options; each rule throws its own when the route is set up.
 */
export function createGuard(options: GuardOptions): KoaGuard {
  const compile = createRequestGuard(options);
  return (rule) => {
    const judge = compile(rule);
    return async (context, next) => {
      const { state } = context;
      state.principal = undefined;
      state.token = undefined;
      const outcome = await judge(describeNodeRequest(context.req, context.originalUrl));
      if (outcome.kind === "refused") {
        context.status = outcome.answer.status;
        context.body = outcome.answer.body;
        // After the body: Koa gives every text a type of its own.
        for (const [name, value] of outcome.answer.headers) context.set(name, value);
        return;
      }
      if (outcome.kind === "accepted") {
        state.principal = outcome.accepted.principal;
        state.token = outcome.accepted.token;
        if (outcome.nonce !== undefined) context.set("DPoP-Nonce", outcome.nonce);
      }
      await next();
    };
  };
}
