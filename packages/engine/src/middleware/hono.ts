/** `countersign/hono`: a guard for Hono 4. */

import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { createRequestGuard } from "./create-request-guard.ts";
import { createResponse } from "./fetch.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";

export type { GuardOptions, GuardRule, ShadowTold } from "./guard-options.ts";

/** Give it to Hono: `new Hono<GuardedEnv>()`. Undefined where an optional token is absent. */
export interface GuardedEnv {
  Variables: {
    principal: Principal | undefined;
    token: VerifiedToken | undefined;
  };
}

/** The part of Hono's context that is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  header(name: string, value: string): void;
  set(name: "principal", value: Principal | undefined): void;
  set(name: "token", value: VerifiedToken | undefined): void;
}

export type HonoHandler = (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;

/** Makes a handler that lets requests on as `rule` says; without one, every request with a token that passes. */
export type HonoGuard = (rule?: GuardRule) => HonoHandler;

/**
 * Creates a guard. Its handlers set the variables `principal` and `token`, or answer 400, 401, 403 or 503 with a
 * challenge and problem details.
 *
 * @throws ConfigurationError for wrong options; each rule throws its own when the route is set up.
 */
export function createGuard(options: GuardOptions): HonoGuard {
  const compile = createRequestGuard(options);
  return (rule) => {
    const judge = compile(rule);
    return async (context, next) => {
      context.set("principal", undefined);
      context.set("token", undefined);
      const outcome = await judge(context.req.raw);
      if (outcome.kind === "refused") return createResponse(outcome.answer);
      if (outcome.kind === "accepted") {
        context.set("principal", outcome.accepted.principal);
        context.set("token", outcome.accepted.token);
        if (outcome.nonce !== undefined) context.header("DPoP-Nonce", outcome.nonce);
      }
      await next();
      return undefined;
    };
  };
}
