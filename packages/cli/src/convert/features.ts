/** What a configuration makes use of, as a closed list: each target says for each of these what becomes of it. */

import type { Configuration, RouteConfiguration } from "@countersign/server";

/** All that a target has to have an answer for. */
export type Feature =
  | "unknown-setting"
  | "issuer"
  | "several-issuers"
  | "audiences"
  | "audiences-unchecked"
  | "algorithms"
  | "keys-discovery"
  | "keys-other"
  | "key-freshness"
  | "token-size"
  | "token-type"
  | "encrypted-tokens"
  | "token-kind"
  | "critical-headers"
  | "strict-reading"
  | "expiry"
  | "expiry-unchecked"
  | "clock-tolerance"
  | "lifetime"
  | "age"
  | "required-claims"
  | "principal-mapping"
  | "bound-tokens"
  | "introspection"
  | "status-lists"
  | "revocation"
  | "default-deny"
  | "hosts"
  | "methods"
  | "paths"
  | "anonymous"
  | "optional"
  | "scope"
  | "several-scopes"
  | "requirements"
  | "shadow"
  | "preflight"
  | "single-use"
  | "exchange"
  | "assertion"
  | "named-upstreams"
  | "client-certificate"
  | "client-headers"
  | "identity-headers"
  | "method-override"
  | "token-forwarding"
  | "answers";

/** A feature at a place of the configuration. */
export interface FeatureUse {
  readonly feature: Feature;
  readonly path: string;
}

type Issuer = Configuration["issuers"][number];
type Row = readonly [feature: Feature, path: string, used: boolean];

// A setting that came later is refused until somebody has said what becomes of it.
const KNOWN_SETTINGS = nameSet(`
  listeners issuers introspection statusLists limits trustedProxies clientCertificate routes
  requirements permissions paths methodOverride identityHeaders upstream upstreams exchanges proxy nginx realm
  resource revocation replay api signals publishedStatusLists audit exceptions shutdown overload
  workers
`);
const KNOWN_ISSUER_SETTINGS = nameSet(`
  issuer name audiences algorithms keys profile types requiredClaims clockToleranceSeconds
  maxLifetimeSeconds maxAgeSeconds expiry binding encryption principal tenants
`);
const KNOWN_ROUTE_SETTINGS = nameSet(`
  hosts path methods allow scopes require shadow preflight introspect revocation singleUse
  exchange localReplaySeconds assertionAudience upstream
`);

function nameSet(names: string): ReadonlySet<string> {
  return new Set(names.trim().split(/\s+/));
}

/** Every feature in use, in the order of the configuration. */
export function listFeatureUses(configuration: Configuration): readonly FeatureUse[] {
  const { issuers, routes } = configuration;
  return [
    ...listUnknown(configuration, KNOWN_SETTINGS, ""),
    ...issuers.flatMap((issuer, index) => listIssuerUses(issuer, `issuers[${index}]`)),
    ...routes.flatMap((route, index) => listRouteUses(route, `routes[${index}]`)),
    ...listOverall(configuration),
  ];
}

function listIssuerUses(issuer: Issuer, path: string): readonly FeatureUse[] {
  const {
    audiences,
    keys,
    profile = "jwt",
    requiredClaims,
    expiry,
    maxLifetimeSeconds,
    maxAgeSeconds,
    binding,
  } = issuer;
  const discovers = "discovery" in keys;
  return [
    ...listUnknown(issuer, KNOWN_ISSUER_SETTINGS, path),
    ...select([
      ["issuer", `${path}.issuer`, true],
      ["audiences", `${path}.audiences`, audiences !== "unchecked"],
      ["audiences-unchecked", `${path}.audiences`, audiences === "unchecked"],
      ["algorithms", `${path}.algorithms`, true],
      ["keys-discovery", `${path}.keys`, discovers],
      ["keys-other", `${path}.keys`, !discovers],
      ["key-freshness", `${path}.keys`, discovers || "jwksUri" in keys],
      ["token-type", `${path}.types`, true],
      ["expiry", `${path}.expiry`, expiry !== "unchecked"],
      ["expiry-unchecked", `${path}.expiry`, expiry === "unchecked"],
      ["clock-tolerance", `${path}.clockToleranceSeconds`, true],
      ["lifetime", `${path}.maxLifetimeSeconds`, maxLifetimeSeconds !== "unchecked"],
      ["age", `${path}.maxAgeSeconds`, maxAgeSeconds !== undefined],
      ["required-claims", `${path}.requiredClaims`, requiredClaims !== undefined || profile !== "jwt"],
      ["required-claims", `${path}.tenants`, "tenants" in issuer],
      ["principal-mapping", `${path}.principal`, "principal" in issuer],
      ["principal-mapping", `${path}.profile`, profile !== "jwt" && profile !== "rfc9068"],
      ["encrypted-tokens", `${path}.encryption`, "encryption" in issuer],
      ["bound-tokens", `${path}.binding`, binding !== "unchecked"],
    ]),
  ];
}

function listRouteUses(route: RouteConfiguration, path: string): readonly FeatureUse[] {
  const { allow, scopes = [], shadow } = route;
  return [
    ...listUnknown(route, KNOWN_ROUTE_SETTINGS, path),
    ...select([
      ["hosts", `${path}.hosts`, route.hosts !== undefined],
      ["methods", `${path}.methods`, route.methods !== undefined],
      ["anonymous", `${path}.allow`, allow === "anonymous"],
      ["optional", `${path}.allow`, allow === "optional"],
      ["scope", `${path}.scopes`, scopes.length === 1],
      ["several-scopes", `${path}.scopes`, scopes.length > 1],
      ["requirements", `${path}.require`, route.require !== undefined],
      ["shadow", `${path}.shadow`, shadow === true],
      ["preflight", `${path}.preflight`, route.preflight === "allow"],
      ["introspection", `${path}.introspect`, route.introspect === true],
      ["revocation", `${path}.revocation`, route.revocation === "fresh"],
      ["single-use", `${path}.singleUse`, route.singleUse === true],
      ["exchange", `${path}.exchange`, route.exchange !== undefined],
      ["named-upstreams", `${path}.upstream`, route.upstream !== undefined],
    ]),
  ];
}

function listOverall(configuration: Configuration): readonly FeatureUse[] {
  const { issuers, introspection, statusLists, identityHeaders, upstreams, proxy } = configuration;
  const exchanges = Object.values(upstreams).some(
    (one) => typeof one === "object" && one.exchange !== undefined,
  );
  return select([
    ["several-issuers", "issuers", issuers.length > 1],
    ["introspection", "issuers", introspection.length > 0],
    ["principal-mapping", "permissions", configuration.permissions !== undefined],
    ["status-lists", "issuers", statusLists.length > 0],
    ["token-size", "limits.tokenBytes", true],
    ["token-kind", "", true],
    ["critical-headers", "", true],
    ["strict-reading", "", true],
    ["default-deny", "routes", true],
    ["paths", "paths", true],
    ["method-override", "methodOverride", configuration.methodOverride === "reject"],
    ["client-certificate", "clientCertificate", configuration.clientCertificate !== undefined],
    ["client-headers", "identityHeaders.prefix", true],
    ["identity-headers", "identityHeaders", true],
    ["assertion", "identityHeaders.assertion", identityHeaders.assertion !== undefined],
    ["exchange", "upstreams", exchanges],
    ["token-forwarding", "proxy.forwardToken", !proxy.forwardToken],
    ["revocation", "revocation", configuration.revocation !== undefined],
    ["answers", "", true],
  ]);
}

function select(rows: readonly Row[]): readonly FeatureUse[] {
  return rows.flatMap(([feature, path, used]) => (used ? [{ feature, path }] : []));
}

function listUnknown(settings: object, known: ReadonlySet<string>, path: string): readonly FeatureUse[] {
  return Object.keys(settings)
    .filter((name) => !known.has(name))
    .map((name) => ({ feature: "unknown-setting", path: path === "" ? name : `${path}.${name}` }));
}
