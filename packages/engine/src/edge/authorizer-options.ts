/** How an authorizer is set up, and which settings of API Gateway would make its answers count where they must not. */

import type { GuardOptions, GuardRule } from "../middleware/guard-options.ts";
import type { NamedRequirements, Requirement } from "../policy/requirement.ts";
import type { JsonValue } from "../token/json-value.ts";
import { ConfigurationError, type ConfigurationProblem } from "../validator/configuration-error.ts";
import type { Accepted } from "../validator/verdict.ts";

/** Which authorizer of API Gateway asks, and what it wants to hear: "http-2.0-simple" a yes or no, all others a policy. */
export type AuthorizerFormat =
  | "rest-token"
  | "rest-request"
  | "http-1.0"
  | "http-2.0-iam"
  | "http-2.0-simple";

/** What a route asks. There is no `optional`: API Gateway does not ask where the identity source is missing. */
export type AuthorizerRule = Omit<GuardRule, "optional">;

export interface AuthorizerCache {
  /**
   * As configured in API Gateway, which remembers an answer for each combination of their values: for REST APIs such as
   * "method.request.header.Authorization" and "context.resourceId", for HTTP APIs "$request.header.Authorization" and
   * "$context.routeKey".
   */
  readonly identitySources: readonly string[];
}

export interface AuthorizerOptions extends GuardOptions {
  readonly format: AuthorizerFormat;
  /**
   * What API Gateway is configured with: "off" where the time to live is 0. No default, because API Gateway's is 300 s
   * for REST APIs. A remembered answer outlives the token's expiry, its revocation and its keys by that time.
   */
  readonly caching: AuthorizerCache | "off";
  /** For every route. Default every token that passes. Not together with `routes`. */
  readonly rule?: AuthorizerRule;
  /** By route, such as "GET /orders/{id}", as API Gateway names it; any other route is denied. Not for "rest-token". */
  readonly routes?: Readonly<Record<string, AuthorizerRule>>;
  /**
   * What integrations get as `$context.authorizer`. Default subject, issuer (alias), client, scopes (by spaces) and
   * roles. Lists and objects arrive as JSON text in all formats but "http-2.0-simple" and "http-2.0-iam".
   */
  readonly context?: (accepted: Accepted) => Readonly<Record<string, JsonValue | undefined>>;
}

const FORMATS: readonly AuthorizerFormat[] = [
  "rest-token",
  "rest-request",
  "http-1.0",
  "http-2.0-iam",
  "http-2.0-simple",
];

const OFF = 'Set the time to live to 0 in API Gateway and write caching: "off".';

/** @throws ConfigurationError with everything that is wrong. */
export function checkAuthorizerOptions(options: AuthorizerOptions): void {
  const [first, ...others] = [...checkShape(options), ...checkCaching(options)];
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}

function* checkShape(options: AuthorizerOptions): Generator<ConfigurationProblem> {
  const { format, rule, routes } = options;
  if (!FORMATS.includes(format)) {
    yield {
      path: "format",
      problem: `expected one of ${FORMATS.join(", ")}`,
      remedy: "Name the authorizer's kind.",
    };
  }
  if (rule !== undefined && routes !== undefined) {
    const remedy = "Write what holds for all routes into each of them, or keep one rule.";
    yield { path: "routes", problem: "stands beside rule", remedy };
  }
  if (routes !== undefined && format === "rest-token") {
    const remedy = "Use a REQUEST authorizer.";
    yield { path: "routes", problem: "a TOKEN authorizer is not told which route is asked for", remedy };
  }
  for (const [path, each] of listRules(options)) {
    if (!("optional" in each)) continue;
    const remedy = "Leave it out, and give the route no authorizer.";
    yield { path: `${path}.optional`, problem: "an authorizer lets nobody in without a token", remedy };
  }
}

function* checkCaching(options: AuthorizerOptions): Generator<ConfigurationProblem> {
  const { caching, format } = options;
  if (caching === "off") return;
  const path = "caching.identitySources";
  const sources: unknown = (caching as AuthorizerCache | undefined)?.identitySources;
  if (!Array.isArray(sources) || !sources.every((source) => typeof source === "string")) {
    const remedy = `List what API Gateway is configured with. ${OFF}`;
    yield { path: "caching", problem: 'expected "off" or identitySources', remedy };
    return;
  }
  const named = new Set(sources.map((source) => source.toLowerCase()));
  const token = format.startsWith("http")
    ? "$request.header.Authorization"
    : "method.request.header.Authorization";
  if (!named.has(token.toLowerCase())) {
    const remedy = `Add ${token} in API Gateway and here. ${OFF}`;
    yield {
      path,
      problem: "an answer would be remembered for other tokens than the one it is about",
      remedy,
    };
  }
  for (const [at, rule] of listRules(options)) {
    if (rule.singleUse === true) {
      const problem = "an answer that is remembered lets the token in again";
      yield { path: `${at}.singleUse`, problem, remedy: OFF };
    }
    if (readsRequest(rule, options)) {
      const problem = "an answer for one path would be remembered for others";
      yield { path: `${at}.require`, problem, remedy: OFF };
    }
  }
  const needsRoute = format === "http-2.0-simple" || options.routes !== undefined;
  if (!needsRoute || namesRoute(format, named)) return;
  const problem = "an answer for one route would be remembered for all routes";
  yield { path, problem, remedy: `${ROUTE_REMEDIES[format]} ${OFF}` };
}

const HTTP_REMEDY = "Add $context.routeKey in API Gateway and here.";
const ROUTE_REMEDIES: Readonly<Record<AuthorizerFormat, string>> = {
  "rest-token": "A TOKEN authorizer has no other source: use a REQUEST authorizer.",
  "rest-request": "Add context.resourceId and context.httpMethod in API Gateway and here.",
  "http-1.0": HTTP_REMEDY,
  "http-2.0-iam": HTTP_REMEDY,
  "http-2.0-simple": HTTP_REMEDY,
};

function namesRoute(format: AuthorizerFormat, named: ReadonlySet<string>): boolean {
  if (format === "rest-token") return false;
  if (format !== "rest-request") return named.has("$context.routekey");
  return named.has("context.httpmethod") && (named.has("context.resourceid") || named.has("context.path"));
}

/** True where an expression may look at the path: then the answer to one request is none to another of the same route. */
export function readsRequest(rule: AuthorizerRule, { requirements = {} }: AuthorizerOptions): boolean {
  return rule.require !== undefined && hasExpression(rule.require, { requirements, seen: new Set() });
}

interface Search {
  readonly requirements: NamedRequirements;
  /** Names that were followed already: what names itself is refused elsewhere. */
  readonly seen: Set<string>;
}

function hasExpression(requirement: Requirement, search: Search): boolean {
  if (typeof requirement === "string") {
    const named = search.requirements[requirement];
    if (named === undefined || search.seen.has(requirement)) return false;
    search.seen.add(requirement);
    return hasExpression(named, search);
  }
  if (requirement.cel !== undefined) return true;
  return [...(requirement.all ?? []), ...(requirement.any ?? [])].some((each) => hasExpression(each, search));
}

function listRules({
  rule,
  routes = {},
}: AuthorizerOptions): readonly (readonly [path: string, rule: GuardRule])[] {
  const all = Object.entries(routes).map(([name, each]) => [`routes.${name}`, each] as const);
  return rule === undefined ? all : [["rule", rule] as const, ...all];
}
