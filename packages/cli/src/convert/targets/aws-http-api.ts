/**
 * AWS API Gateway's HTTP API with its JWT authorizer, as a CloudFormation template of what belongs to an existing
 * API. By Amazon's documentation: RSA only, `kid` needed, keys cached for two hours, `iss`, `aud` (or `client_id` where there is
 * none), `exp`, `nbf`, `iat`, and any one of a route's scopes in `scope` or `scp`.
 */

import type { Configuration, RouteConfiguration } from "@countersign/server";
import type { ConversionTarget } from "../conversion-target.ts";
import type { ConversionEntry, ConvertedFile, Expression } from "../expression.ts";
import type { Feature } from "../features.ts";

const same: Expression = { level: "same", text: "enforced alike" };

function weaker(text: string): Expression {
  return { level: "weaker", text };
}

function differs(text: string): Expression {
  return { level: "differs", text };
}

function impossible(text: string): Expression {
  return { level: "impossible", text };
}

const EXPRESSIONS: Readonly<Record<Feature, Expression>> = {
  "unknown-setting": impossible("this version of convert does not know the setting"),
  issuer: same,
  "several-issuers": impossible(
    "a route has one authorizer, which knows one issuer: convert each API by itself",
  ),
  audiences: weaker("a token without aud passes where its client_id is one of the audiences"),
  "audiences-unchecked": impossible("an authorizer needs an audience"),
  algorithms: weaker("every RSA algorithm is accepted with the issuer's keys, and no other kind of key"),
  "keys-discovery": same,
  "keys-other": impossible("an authorizer finds keys through the issuer's metadata and nowhere else"),
  "key-freshness": weaker(
    "keys are cached for two hours, so that one that was withdrawn still counts for that long",
  ),
  "token-size": weaker("only the whole header section is bounded, by 10240 bytes"),
  "token-type": weaker("typ is not checked: other JWTs of the issuer for the same audience pass"),
  "encrypted-tokens": impossible("encrypted tokens are not read"),
  "token-kind": weaker("ID tokens and other kinds are not told from access tokens"),
  "critical-headers": weaker("crit is not documented to be checked"),
  "strict-reading": weaker(
    "duplicate members, odd encodings and misshapen claims are not documented to be refused",
  ),
  expiry: weaker("a token without exp is not documented to be refused"),
  "expiry-unchecked": { level: "stricter", text: "tokens without exp are not documented to pass" },
  "clock-tolerance": differs("the tolerance is the gateway's own and not documented"),
  lifetime: weaker("there is no bound on a token's lifetime"),
  age: weaker("there is no bound on a token's age"),
  "required-claims": weaker("no claims are required besides the checked ones"),
  "principal-mapping": impossible("scopes are read from scope or scp, and from no other claim"),
  "bound-tokens": weaker("a token that is bound to a key passes without proof of that key"),
  introspection: weaker("the issuer is not asked about tokens"),
  "status-lists": weaker("status lists are not looked at"),
  revocation: weaker("nothing can be revoked: a token passes until it expires"),
  "default-deny": same,
  hosts: impossible("routes of an HTTP API have no hosts: convert each host by itself"),
  methods: same,
  paths: weaker(
    "which path a route is for is the gateway's reading of //, %2F, dots and a last slash, and not ours",
  ),
  anonymous: same,
  optional: impossible("an authorizer refuses requests without a token"),
  scope: same,
  "several-scopes": weaker("one of the scopes is enough where all were asked for"),
  requirements: weaker("`require` is not enforced: only scopes are"),
  shadow: impossible("nothing is judged without being enforced"),
  preflight: { level: "stricter", text: "preflights need the API's own CORS configuration" },
  "single-use": weaker("a token passes as often as it comes"),
  exchange: impossible("the upstream would get the client's own token"),
  assertion: impossible("nothing is signed for the upstream"),
  "named-upstreams": differs("every route leads to the one integration that is a parameter of the template"),
  "client-certificate": impossible("an authorizer knows nothing of client certificates"),
  "client-headers": weaker("what a client sends under the identity headers' names reaches the integration"),
  "identity-headers": differs("claims are in requestContext.authorizer.jwt.claims and not in headers"),
  "method-override": weaker("headers that replace the method reach the integration"),
  "token-forwarding": differs("the integration gets the client's token"),
  answers: differs(
    "401 and 403 without the reason; no audit trail, metrics or metadata (RFC 9728); keys that cannot be had are not told from bad tokens",
  ),
};

const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]*)+$/;

/** The target `aws-http-api`. */
export const AWS_HTTP_API: ConversionTarget = {
  title: "AWS API Gateway, HTTP API with a JWT authorizer",
  expressions: EXPRESSIONS,
  findProblems: ({ issuers, routes }) => [
    ...issuers.flatMap(({ algorithms }, index) => findAlgorithmProblem(algorithms, index)),
    ...routes.flatMap((route, index) => findRouteProblems(route, { index, routes })),
  ],
  render,
};

function findAlgorithmProblem(
  algorithms: readonly string[] | undefined,
  index: number,
): readonly ConversionEntry<Feature>[] {
  if (algorithms?.some((name) => name.startsWith("RS")) ?? true) return [];
  const text = "only RSA signatures are checked, and the issuer's algorithms have none";
  return [{ feature: "algorithms", path: `issuers[${index}].algorithms`, ...impossible(text) }];
}

function findRouteProblems(
  route: RouteConfiguration,
  { index, routes }: { readonly index: number; readonly routes: readonly RouteConfiguration[] },
): readonly ConversionEntry<Feature>[] {
  const problems: ConversionEntry<Feature>[] = [];
  const path = `routes[${index}]`;
  const base = readBase(route.path);
  if (!PLAIN_PATH.test(base === "" ? "/" : base))
    problems.push({
      feature: "paths",
      path: `${path}.path`,
      ...impossible("the path has characters that routes cannot"),
    });
  const shared = routes.some(
    (other) =>
      other.path !== route.path && (covers(other.path, base) || covers(route.path, readBase(other.path))),
  );
  if (route.methods !== undefined && shared) {
    const text =
      "a method that is left out would be taken by another route over these paths; ours refuses it";
    problems.push({ feature: "methods", path: `${path}.methods`, ...impossible(text) });
  }
  const earlier = routes.slice(0, index);
  if (earlier.some((other) => other.path === route.path && overlap(other.methods, route.methods))) {
    const text = "two routes for one path and method; the first counts here, and only one can be over there";
    problems.push({ feature: "methods", path, ...impossible(text) });
  }
  return problems;
}

/** Without the wildcard and the slash before it: "" for every path. */
function readBase(path: string): string {
  return path.endsWith("/**") ? path.slice(0, -3) : path;
}

function covers(pattern: string, base: string): boolean {
  if (!pattern.endsWith("/**")) return false;
  const prefix = readBase(pattern);
  return base === prefix || base.startsWith(`${prefix}/`);
}

function overlap(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  const taken = new Set(listMethods(one));
  return listMethods(other).some((method) => taken.has(method));
}

/** GET admits HEAD, which a route over there has to say. */
function listMethods(methods: readonly string[]): readonly string[] {
  return [...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))];
}

/** The path of a prefix itself belongs to the route that names it exactly, whatever methods each has. */
function listRouteKeys({ path, methods }: RouteConfiguration, exact: ReadonlySet<string>): readonly string[] {
  const base = readBase(path);
  const root = base === "" ? "/" : base;
  const below = exact.has(root) ? [`${base}/{proxy+}`] : [root, `${base}/{proxy+}`];
  const paths = path.endsWith("/**") ? below : [path];
  const names = methods === undefined ? ["ANY"] : listMethods(methods);
  return names.flatMap((name) => paths.map((one) => `${name} ${one}`));
}

function render({ issuers, routes }: Configuration): readonly ConvertedFile[] {
  const [issuer] = issuers;
  if (issuer === undefined || issuer.audiences === "unchecked")
    throw new TypeError("an impossible conversion was rendered");
  const authorizer = {
    Type: "AWS::ApiGatewayV2::Authorizer",
    Properties: {
      ApiId: { Ref: "ApiId" },
      AuthorizerType: "JWT",
      Name: "countersign",
      // One source: a second would be another place where a token may come from (RFC 6750 section 2).
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: issuer.issuer, Audience: issuer.audiences },
    },
  };
  const exact = new Set(routes.map(({ path }) => path).filter((path) => !path.endsWith("/**")));
  const resources = routes.flatMap((route) =>
    listRouteKeys(route, exact).map((key) => describeRoute(route, key)),
  );
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: "Routes and JWT authorizer, generated by countersign convert: change its source instead",
    Parameters: {
      ApiId: { Type: "String", Description: "The HTTP API that these belong to" },
      IntegrationId: { Type: "String", Description: "The integration that every route leads to" },
    },
    Resources: {
      Authorizer: authorizer,
      ...Object.fromEntries(resources.map((resource, index) => [`Route${index}`, resource])),
    },
  };
  return [{ name: "template.json", text: `${JSON.stringify(template, null, 2)}\n` }];
}

function describeRoute({ allow, scopes }: RouteConfiguration, key: string): object {
  const open = { AuthorizationType: "NONE" };
  const guarded = {
    AuthorizationType: "JWT",
    AuthorizerId: { Ref: "Authorizer" },
    ...(scopes !== undefined && { AuthorizationScopes: scopes }),
  };
  return {
    Type: "AWS::ApiGatewayV2::Route",
    Properties: {
      ApiId: { Ref: "ApiId" },
      RouteKey: key,
      Target: { "Fn::Sub": `integrations/${"${IntegrationId}"}` },
      ...(allow === "anonymous" ? open : guarded),
    },
  };
}
