/** Authorizers of API Gateway: from its question to a policy, a yes or no, or an error. */

import { publicReason } from "../http/create-problem.ts";
import {
  createRequestGuard,
  type GuardedRequest,
  type GuardOutcome,
  type JudgeRequest,
} from "../middleware/create-request-guard.ts";
import type { ReasonName } from "../reasons.ts";
import type { Rejected } from "../validator/verdict.ts";
import {
  type AuthorizerAnswer,
  createContext,
  createPolicyAnswer,
  describeAccepted,
  hasWildcard,
  namePrincipal,
  nameRouteResource,
  type ParsedArn,
  parseArn,
} from "./authorizer-answer.ts";
import {
  type AuthorizerFormat,
  type AuthorizerOptions,
  type AuthorizerRule,
  checkAuthorizerOptions,
  readsRequest,
} from "./authorizer-options.ts";
import {
  type AuthorizerEvent,
  describeProxyEvent,
  isRequestV2,
  type TokenAuthorizerEvent,
} from "./lambda-events.ts";

/** The function's handler. Rejects with an Error "Unauthorized" for 401, and with `AuthorizerUnavailable` for 500. */
export type Authorizer = (event: AuthorizerEvent) => Promise<AuthorizerAnswer>;

/** It could not be checked. API Gateway answers 500, and remembers nothing. */
export class AuthorizerUnavailable extends Error {
  override readonly name = "AuthorizerUnavailable";
  readonly reason: ReasonName;

  constructor({ reason, message }: Pick<Rejected, "reason" | "message">) {
    super(`${reason}: ${message}`);
    this.reason = reason;
  }
}

interface Question {
  readonly arn: ParsedArn;
  /** As in `routes`; undefined where the event does not tell. */
  readonly route: string | undefined;
  readonly request: GuardedRequest;
}

/** Exactly this text is what API Gateway answers 401 for. */
const UNAUTHORIZED = "Unauthorized";

/**
 * Creates an authorizer. A refused token is 401, an unmet requirement a policy (or a no) that denies, and what could not
 * be checked an error: never an allowance, and never a denial as if the token were bad. Where API Gateway remembers
 * answers, proofs and certificates are not looked at, so that tokens bound to a key are refused: what one request proved
 * would count for all later ones.
 *
 * @throws ConfigurationError for wrong options, and where answers would be remembered for what they do not hold for.
 * @example
 * export const handler = createAuthorizer({ validator, format: "rest-request", caching: "off" });
 */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  checkAuthorizerOptions(options);
  const { format, caching, rule = {}, routes } = options;
  const compile = createRequestGuard(options);
  const describe = (each: AuthorizerRule): Route => ({
    judge: compile(each),
    holdsForPath: readsRequest(each, options),
  });
  const named = routes && new Map(Object.entries(routes).map(([name, each]) => [name, describe(each)]));
  const all = describe(rule);
  return async (event) => {
    const question = readQuestion(format, event);
    const { arn, route = "", request } = question;
    const asked = named === undefined ? all : named.get(route);
    if (asked === undefined) return answerDenied(format, { resource: arn.text, reason: "policy_denied" });
    const wide = named === undefined ? arn.stage : nameRouteResource(arn, route);
    const resource = (asked.holdsForPath ? undefined : wide) ?? arn.text;
    if (resource === arn.text && hasWildcard(arn)) throw new Error(UNAUTHORIZED);
    const outcome = await asked.judge(caching === "off" ? request : withoutProofs(request));
    return answerOutcome(options, { outcome, resource });
  };
}

interface Route {
  readonly judge: JudgeRequest;
  /** Its answers hold for the very path that was asked for, and no other. */
  readonly holdsForPath: boolean;
}

function answerOutcome(
  { format, context: describe = describeAccepted }: AuthorizerOptions,
  { outcome, resource }: { readonly outcome: GuardOutcome; readonly resource: string },
): AuthorizerAnswer {
  if (outcome.kind === "anonymous") throw new Error(UNAUTHORIZED);
  if (outcome.kind === "refused") {
    const { answer, rejected } = outcome;
    if (rejected.fault === "system") throw new AuthorizerUnavailable(rejected);
    if (answer.status !== 403) throw new Error(UNAUTHORIZED);
    return answerDenied(format, { resource, reason: rejected.reason });
  }
  const { accepted } = outcome;
  const context = createContext(describe(accepted), { scalarsOnly: !format.startsWith("http-2.0") });
  if (format === "http-2.0-simple") return { isAuthorized: true, context };
  return createPolicyAnswer("Allow", { resource, principalId: namePrincipal(accepted), context });
}

/** The reason is there for API Gateway's own templates of answers: `$context.authorizer.reason`. */
function answerDenied(
  format: AuthorizerFormat,
  { resource, reason }: { readonly resource: string; readonly reason: ReasonName },
): AuthorizerAnswer {
  const context = { reason: publicReason(reason) };
  if (format === "http-2.0-simple") return { isAuthorized: false, context };
  return createPolicyAnswer("Deny", { resource, principalId: "denied", context });
}

function withoutProofs({ headers, method, url }: GuardedRequest): GuardedRequest {
  return { headers: [...headers].filter(([name]) => name.toLowerCase() !== "dpop"), method, url };
}

/** @throws TypeError where another kind of authorizer asks than was configured: then caching may be another one, too. */
function readQuestion(format: AuthorizerFormat, event: AuthorizerEvent): Question {
  const isV2 = event.type === "REQUEST" && isRequestV2(event);
  const arn = parseArn(isV2 ? event.routeArn : event.methodArn);
  if (arn === undefined || nameFormat(event) !== (isV2 ? "http-2.0" : format)) throw refuseEvent(format);
  if (event.type === "TOKEN") return { arn, route: undefined, request: describeTokenEvent(event, arn) };
  if (isRequestV2(event)) {
    if (!format.startsWith("http-2.0")) throw refuseEvent(format);
    return { arn, route: event.routeKey, request: describeProxyEvent(event) };
  }
  const { httpMethod, resource } = event;
  const route = resource === undefined || resource === "$default" ? resource : `${httpMethod} ${resource}`;
  return { arn, route, request: describeProxyEvent(event) };
}

function nameFormat(event: AuthorizerEvent): string | undefined {
  if (event.type === "TOKEN") return "rest-token";
  if (event.type !== "REQUEST") return undefined;
  if (isRequestV2(event)) return "http-2.0";
  return event.version === "1.0" ? "http-1.0" : "rest-request";
}

function refuseEvent(format: AuthorizerFormat): TypeError {
  return new TypeError(`expected an event of an authorizer of format "${format}", found another`);
}

function describeTokenEvent(
  { authorizationToken }: TokenAuthorizerEvent,
  { method, path }: ParsedArn,
): GuardedRequest {
  const headers = authorizationToken === undefined ? [] : [["authorization", authorizationToken] as const];
  return { headers, method, url: path };
}
