/**
 * Envoy by itself: `jwt_authn` verifies, RBAC says which route needs what, and nothing asks the sidecar. By Envoy's
 * documentation and the real program, which the end-to-end tests run on the same tokens as ours.
 */

import type { Configuration, RouteConfiguration } from "@countersign/server";
import type { ConversionTarget } from "../conversion-target.ts";
import type { ConversionEntry, Expression } from "../expression.ts";
import type { Feature } from "../features.ts";
import { readBase, renderEnvoy } from "./render-envoy.ts";

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
  "several-issuers": same,
  audiences: weaker("audiences are compared without http:// or https:// and without a last slash"),
  "audiences-unchecked": same,
  algorithms: weaker("every algorithm that fits the type of a key is accepted, whatever the list says"),
  "keys-discovery": impossible("Envoy reads no metadata: name the key set with jwksUri"),
  "keys-other": same,
  "key-freshness": weaker(
    "keys are fetched every five minutes; an unknown one is not fetched for, and is told as a bad token",
  ),
  "token-size": weaker("only the whole header section is bounded, by 60 KiB"),
  "token-type": weaker("typ is not checked: other JWTs of the issuer for the same audience pass"),
  "encrypted-tokens": impossible("encrypted tokens are not read"),
  "token-kind": weaker("ID tokens and other kinds are not told from access tokens"),
  "critical-headers": weaker("crit is not looked at"),
  "strict-reading": weaker(
    "duplicate members, odd encodings and misshapen claims pass, such as a scope that is a list",
  ),
  expiry: same,
  "expiry-unchecked": same,
  "clock-tolerance": same,
  lifetime: weaker("what is left of a token's life is bounded, and not all of it; iat is not looked at"),
  age: weaker("there is no bound on a token's age"),
  "required-claims": weaker("no claims are required besides the checked ones"),
  "principal-mapping": impossible("scopes are read from scope and scp, and from no other claim"),
  "bound-tokens": weaker("a token that is bound to a key passes without proof of that key"),
  introspection: weaker("the issuer is not asked about tokens"),
  "status-lists": weaker("status lists are not looked at"),
  revocation: weaker("nothing can be revoked: a token passes until it expires"),
  "default-deny": same,
  hosts: impossible("routes are made for every host: convert each host by itself"),
  methods: same,
  paths: weaker(
    "a ; and characters that need no encoding are read as Envoy reads them; %2F, %5C are refused, // and dots resolved",
  ),
  anonymous: same,
  optional: same,
  scope: same,
  "several-scopes": same,
  requirements: weaker("`require` is not enforced: only scopes are"),
  shadow: impossible("nothing is judged without being enforced"),
  preflight: { level: "stricter", text: "preflights need a token, or Envoy's own CORS filter" },
  "single-use": weaker("a token passes as often as it comes"),
  exchange: impossible("the upstream would get the client's own token"),
  assertion: impossible("nothing is signed for the upstream"),
  "named-upstreams": impossible("the generated file knows one application"),
  "client-certificate": impossible("how the gateway checks client certificates is not in this configuration"),
  "client-headers": same,
  "identity-headers": differs(
    "subject, issuer, client and scopes as the token spells them, lists in base64; no other claims",
  ),
  "method-override": weaker("headers that replace the method reach the application"),
  "token-forwarding": same,
  answers: differs(
    "401 and 403 with Envoy's own texts; no reasons, audit trail or metadata (RFC 9728); keys that cannot be had are not told from bad tokens",
  ),
};

/** By the names that Envoy reads in a token's header; RFC 9864's Ed25519 is not among them. */
const KNOWN_ALGORITHMS: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];
const DEFAULT_ALGORITHMS: readonly string[] = ["RS256", "PS256", "ES256", "Ed25519"];

/** Characters that no reading of a path changes. */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]*)+$/;

/** The target `envoy`. */
export const ENVOY: ConversionTarget = {
  title: "Envoy by itself, with jwt_authn and RBAC",
  expressions: EXPRESSIONS,
  findProblems,
  render: (configuration) => [{ name: "envoy.yaml", text: renderEnvoy(configuration) }],
};

function findProblems(configuration: Configuration): readonly ConversionEntry<Feature>[] {
  const { issuers, routes, upstream } = configuration;
  const problems: ConversionEntry<Feature>[] = [];
  for (const [index, { keys, clockToleranceSeconds, algorithms = DEFAULT_ALGORITHMS }] of issuers.entries()) {
    const path = `issuers[${index}]`;
    const unknown = algorithms.filter((name) => !KNOWN_ALGORITHMS.includes(name));
    if (unknown.length > 0) {
      const text = `${unknown.join(" and ")} is not known there: such tokens are refused`;
      problems.push({ feature: "algorithms", path: `${path}.algorithms`, level: "stricter", text });
    }
    if ("secrets" in keys || "none" in keys) {
      const text = "only public keys are converted: a secret would stand in the file";
      problems.push({ feature: "keys-other", path: `${path}.keys`, ...impossible(text) });
    }
    if ("jwksUri" in keys && !URL.canParse(keys.jwksUri)) {
      problems.push({ feature: "keys-other", path: `${path}.keys`, ...impossible("jwksUri is no URL") });
    }
    if (clockToleranceSeconds !== undefined && clockToleranceSeconds < 1) {
      const text = "a second is the least that Envoy can say: 0 is a minute there";
      problems.push({ feature: "clock-tolerance", path: `${path}.clockToleranceSeconds`, ...weaker(text) });
    }
  }
  problems.push(...routes.flatMap((route, index) => findRouteProblem(route, { index, routes })));
  if (upstream === undefined) {
    const text = "no application is named: the file says 127.0.0.1:3000, change it";
    problems.push({ feature: "named-upstreams", path: "upstream", ...differs(text) });
  } else if (!upstream.startsWith("http://")) {
    const text = "only applications over plain HTTP and TCP are converted";
    problems.push({ feature: "named-upstreams", path: "upstream", ...impossible(text) });
  }
  return problems;
}

function findRouteProblem(
  { path }: RouteConfiguration,
  { index, routes }: { readonly index: number; readonly routes: readonly RouteConfiguration[] },
): readonly ConversionEntry<Feature>[] {
  const base = readBase(path);
  const place = `routes[${index}].path`;
  if (base !== "" && base !== "/" && (!PLAIN_PATH.test(base) || /\/\.{0,2}(?:\/|$)/.test(base))) {
    const text = "the path has characters that Envoy may read in another way";
    return [{ feature: "paths", path: place, ...impossible(text) }];
  }
  if (routes.findIndex((other) => other.path === path) === index) return [];
  const text = "two routes of one path: only the first would say what is needed";
  return [{ feature: "paths", path: place, ...impossible(text) }];
}
