/** Routes that mislead: never reached, not enforced, or with a way around them. */

import type { Requirement } from "countersign/policy";
import type { Configuration, RouteConfiguration } from "./configuration.ts";
import type { ConfigurationFinding } from "./finding.ts";
import { nameIssuer } from "./issuer-alias.ts";
import { compileRoutePolicies } from "./route-policies.ts";
import type { RouteTable } from "./route-table.ts";

/** Findings about routes and what they require, in the file's order. */
export function findMisleadingRoutes(
  configuration: Configuration,
  table: RouteTable,
): readonly ConfigurationFinding[] {
  const { routes } = configuration;
  return [
    ...routes.flatMap((route, index) => {
      const path = `routes[${index}]`;
      const rows = table.rows.filter((row) => row.index === index);
      if (rows.every(({ unreachable }) => unreachable)) return [describeUnreachable(path)];
      return [...findHoles(route, { path, index, configuration, table }), ...findOptional(route, path)];
    }),
    ...findShadows(configuration),
    ...findImpossibleBindings(configuration),
  ];
}

function describeUnreachable(path: string): ConfigurationFinding {
  return {
    path,
    kind: "route",
    reason: "no request can ever match: earlier routes of the same hosts and paths take all of its methods",
    remedy: "Remove it, or move it before the others.",
  };
}

interface Place {
  readonly path: string;
  readonly index: number;
  readonly configuration: Configuration;
  readonly table: RouteTable;
}

/** The same request in another spelling, or at another host, that a weaker route decides. */
function findHoles(route: RouteConfiguration, place: Place): readonly ConfigurationFinding[] {
  const host = (route.hosts?.[0] ?? "any.invalid").replace(/^\*/, "any");
  const findings: ConfigurationFinding[] = [];
  const other = respell(route.path);
  const weaker =
    other === undefined ? undefined : findWeaker(route, { ...place, query: { host, path: other } });
  if (weaker !== undefined) {
    findings.push({
      path: place.path,
      kind: "route",
      reason: `"${other}" is decided by routes[${weaker.index}], which is ${weaker.how}; many servers read both paths alike`,
      remedy: `Write "${route.path.replace(/\/$/, "")}/**", or a route for "${other}" as well.`,
    });
  }
  const elsewhere =
    route.hosts === undefined
      ? undefined
      : findWeaker(route, { ...place, query: { host: "other.invalid", path: samplePath(route.path) } });
  if (elsewhere !== undefined) {
    findings.push({
      path: place.path,
      kind: "exposure",
      reason: `with another Host the same path is decided by routes[${elsewhere.index}], which is ${elsewhere.how}; clients choose what they send as Host`,
      remedy: "Give the other route its hosts too, or leave the hosts of this one out.",
    });
  }
  return findings;
}

/** "/a/" for "/a" and back; patterns with "/**" take both already. */
function respell(path: string): string | undefined {
  if (path.endsWith("/**") || path === "/") return undefined;
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}

function samplePath(pattern: string): string {
  return pattern.endsWith("/**") ? pattern.slice(0, -2) : pattern;
}

function findWeaker(
  route: RouteConfiguration,
  place: Place & { readonly query: { readonly host: string; readonly path: string } },
): { readonly index: number; readonly how: string } | undefined {
  const { query, table, index } = place;
  const match = table.find({ ...query, method: route.methods?.[0] ?? "GET" });
  if (match.kind !== "found" || match.index === index) return undefined;
  const other = match.route;
  const strength = rankAllow(route) - rankAllow(other);
  if (strength > 0) return { index: match.index, how: other.allow };
  const isBarer =
    strength === 0 && requiresMore(route) && !requiresMore(other) && other.allow !== "anonymous";
  return isBarer ? { index: match.index, how: "without requirements" } : undefined;
}

function rankAllow({ allow }: RouteConfiguration): number {
  return ["anonymous", "optional", "authenticated"].indexOf(allow);
}

function requiresMore({ scopes, require, shadow }: RouteConfiguration): boolean {
  return shadow !== true && (scopes !== undefined || require !== undefined);
}

function findOptional(route: RouteConfiguration, path: string): readonly ConfigurationFinding[] {
  if (route.allow !== "optional") return [];
  const reason = requiresMore(route)
    ? "the requirement binds only those who send a token; whoever leaves it out is let in"
    : "without a token everyone is let in, and any good token of any issuer passes";
  const remedy = "Have the upstream treat an empty subject as nobody, or write `allow: authenticated`.";
  return [{ path, kind: "exposure", reason, remedy }];
}

function findShadows(configuration: Configuration): readonly ConfigurationFinding[] {
  const { policies } = compileRoutePolicies(configuration);
  return policies.flatMap(({ name, requirement, watchesToken }) =>
    watchesToken || requirement.shadows.length > 0
      ? [
          {
            path: name,
            kind: "opt_out",
            reason: "a requirement is judged but not enforced (shadow)",
            remedy:
              "Remove `shadow` once countersign_shadow_decisions_total shows that it refuses nobody it should not.",
          } as const,
        ]
      : [],
  );
}

/** The library refuses every token with `cnf` while nobody proves its key, so that asking for one lets nobody in. */
function findImpossibleBindings(configuration: Configuration): readonly ConfigurationFinding[] {
  const { issuers, routes, requirements } = configuration;
  const places = [
    ...routes.map(({ require }, index) => [`routes[${index}].require`, require] as const),
    ...Object.entries(requirements).map(([name, set]) => [`requirements.${name}`, set] as const),
  ];
  const unproven = issuers.filter(({ binding }) => binding === "unchecked").map(nameIssuer);
  return places.flatMap(([path, requirement]): ConfigurationFinding[] => {
    if (requirement === undefined || !asksForBinding(requirement)) return [];
    if (unproven.length === 0) {
      const reason =
        "no request can pass: tokens that are bound to a key are refused, since their proof is not checked";
      const remedy =
        "Have the gateway check the proof and write `binding: unchecked` for the issuer, or leave it out.";
      return [{ path, kind: "route", reason, remedy }];
    }
    const reason = `of ${unproven.join(", ")} a token that names a key is enough; that its sender holds the key is not checked here`;
    const remedy = "Make sure that the gateway in front checks the proof (DPoP, or the client certificate).";
    return [{ path, kind: "exposure", reason, remedy }];
  });
}

function asksForBinding(requirement: Requirement): boolean {
  if (typeof requirement === "string") return false;
  const { senderConstrained, all = [], any = [] } = requirement;
  return senderConstrained === true || [...all, ...any].some(asksForBinding);
}
