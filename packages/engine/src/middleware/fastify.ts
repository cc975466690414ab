/** `countersign/fastify`: a plugin with decorators, for Fastify 4 and 5. */

import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { createRequestGuard } from "./create-request-guard.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";
import { describeNodeRequest, type NodeRequest } from "./node-request.ts";

export type { GuardOptions, GuardRule, ShadowTold } from "./guard-options.ts";

/** What the plugin adds to requests. Undefined before the hook has run, and where an optional token is absent. */
export interface GuardedRequestMembers {
  principal: Principal | undefined;
  token: VerifiedToken | undefined;
}

export type FastifyGuardedRequest = GuardedRequestMembers & {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
};

/** The part of Fastify's reply that is used. */
export interface FastifyGuardedReply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** For `onRequest`, so that nothing of the body is read of a request that is refused. */
export type FastifyHook = (request: FastifyGuardedRequest, reply: FastifyGuardedReply) => Promise<unknown>;

/** Makes a hook that lets requests on as `rule` says; without one, every request with a token that passes. */
export type FastifyGuard = (rule?: GuardRule) => FastifyHook;

/** The part of a Fastify instance that is used. */
export interface FastifyHost {
  decorate(name: string, value: unknown): unknown;
  decorateRequest(name: string, value: undefined): unknown;
}

/**
 * The plugin: `instance.guard(rule)` makes hooks; they set `request.principal` and `request.token`, or answer 400, 401,
 * 403 or 503 with a challenge and problem details. Registered once, it is there for the whole instance.
 *
 * @throws ConfigurationError for wrong options; each rule throws its own when the route is set up.
 * @example
 * await app.register(countersign, { validator });
 * app.get("/orders", { onRequest: app.guard({ require: "reader" }) }, listOrders);
 */
export const countersign: (host: FastifyHost, options: GuardOptions) => Promise<void> = Object.assign(
  async (host: FastifyHost, options: GuardOptions): Promise<void> => {
    host.decorate("guard", createGuard(options));
    host.decorateRequest("principal", undefined);
    host.decorateRequest("token", undefined);
  },
  // What Fastify knows plugins by that are not kept to a scope of their own.
  { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "countersign" },
);

/** The same hooks without the plugin; then requests are to be decorated by the caller. */
export function createGuard(options: GuardOptions): FastifyGuard {
  const compile = createRequestGuard(options);
  return (rule) => {
    const judge = compile(rule);
    return async (request, reply) => {
      request.principal = undefined;
      request.token = undefined;
      const outcome = await judge(describeNodeRequest(request.raw, request.originalUrl));
      if (outcome.kind === "refused") {
        reply.code(outcome.answer.status);
        for (const [name, value] of outcome.answer.headers) reply.header(name, value);
        reply.send(outcome.answer.body);
        return reply;
      }
      if (outcome.kind === "accepted") {
        request.principal = outcome.accepted.principal;
        request.token = outcome.accepted.token;
        if (outcome.nonce !== undefined) reply.header("DPoP-Nonce", outcome.nonce);
      }
      return undefined;
    };
  };
}
