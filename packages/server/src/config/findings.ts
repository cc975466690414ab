/** Settings that are allowed and weaken something: each with what it gives up and how to do without. */

import type { OptOut } from "countersign";

import type { Configuration } from "./configuration.ts";
import { formatListenAddress, isLocalAddress } from "./listen-address.ts";
import type { RouteTable } from "./route-table.ts";
import { DEFAULT_TRUSTED_PROXIES } from "./trusted-proxies.ts";

/** One setting that an operator should know to be in force. */
export interface ConfigurationFinding {
  /** Where, such as "routes[2]". */
  readonly path: string;
  /** "opt_out": a check was switched off. "exposure": more can reach or read something. "route": a route that misleads. */
  readonly kind: "opt_out" | "exposure" | "route";
  /** What is given up. */
  readonly reason: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** All findings of a valid configuration, in the file's order of sections. */
export function findWeaknesses(
  configuration: Configuration,
  facts: { readonly table: RouteTable; readonly optOuts: readonly OptOut[] },
): readonly ConfigurationFinding[] {
  return [
    ...findListenerExposures(configuration),
    ...facts.optOuts.map(({ path, value, consequence }): ConfigurationFinding => {
      const remedy = `Remove ${JSON.stringify(value)}, or write down why it has to stay.`;
      return { path, kind: "opt_out", reason: consequence, remedy };
    }),
    ...findTrustExposures(configuration),
    ...findMisleadingRoutes(configuration, facts.table),
    ...findProxyExposures(configuration),
  ];
}

function findListenerExposures({ listeners }: Configuration): readonly ConfigurationFinding[] {
  const findings: ConfigurationFinding[] = [];
  if (!isLocalAddress(listeners.admin)) {
    findings.push({
      path: "listeners.admin",
      kind: "exposure",
      reason: `health and metrics have no authentication, and others reach ${formatListenAddress(listeners.admin)}`,
      remedy: "Listen on 127.0.0.1 or a Unix socket, or keep the port inside the pod's network policy.",
    });
  }
  for (const name of ["decision", "extAuthz"] as const) {
    const address = listeners[name];
    if (address === undefined || isLocalAddress(address)) continue;
    findings.push({
      path: `listeners.${name}`,
      kind: "exposure",
      reason: "tokens reach this listener over plain HTTP from other machines",
      remedy: "Put the sidecar beside the gateway: 127.0.0.1 or a Unix socket.",
    });
  }
  return findings;
}

function findTrustExposures({ trustedProxies }: Configuration): readonly ConfigurationFinding[] {
  return trustedProxies.flatMap((entry, index): ConfigurationFinding[] =>
    DEFAULT_TRUSTED_PROXIES.includes(entry) || /^(?:127\.|::1(?:\/|$))/.test(entry)
      ? []
      : [
          {
            path: `trustedProxies[${index}]`,
            kind: "exposure",
            reason: `whoever sends from ${entry} may name the host, path and method that is decided about`,
            remedy: "List the gateways' own addresses, each as narrow as it can be.",
          },
        ],
  );
}

function findMisleadingRoutes({ routes }: Configuration, table: RouteTable): readonly ConfigurationFinding[] {
  return routes.flatMap((route, index): ConfigurationFinding[] => {
    const path = `routes[${index}]`;
    const rows = table.rows.filter((row) => row.index === index);
    if (rows.every(({ unreachable }) => unreachable)) {
      const reason =
        "no request can ever match: earlier routes of the same hosts and path take all of its methods";
      return [{ path, kind: "route", reason, remedy: "Remove it, or move it before the others." }];
    }
    if (route.allow === "anonymous" || route.path.endsWith("/**") || route.path.endsWith("/")) return [];
    const other = findOtherSpelling(route, table);
    if (other === undefined) return [];
    const reason = `"${route.path}/" is decided by routes[${other}], which is anonymous; many servers read both paths alike`;
    return [
      {
        path,
        kind: "route",
        reason,
        remedy: `Write "${route.path}/**", or a route for "${route.path}/" as well.`,
      },
    ];
  });
}

function findOtherSpelling(route: Configuration["routes"][number], table: RouteTable): number | undefined {
  const host = (route.hosts?.[0] ?? "any.invalid").replace(/^\*/, "any");
  const match = table.find({ host, path: `${route.path}/`, method: route.methods?.[0] ?? "GET" });
  return match.kind === "found" && match.route.allow === "anonymous" ? match.index : undefined;
}

function findProxyExposures({ proxy, upstream }: Configuration): readonly ConfigurationFinding[] {
  const findings: ConfigurationFinding[] = [];
  if (proxy.forwardToken) {
    findings.push({
      path: "proxy.forwardToken",
      kind: "exposure",
      reason: "the upstream sees the client's token and can use it elsewhere",
      remedy: "Let the upstream read the identity headers instead.",
    });
  }
  const url = upstream === undefined ? undefined : new URL(upstream);
  const isLocal = url === undefined || /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "http:" && !isLocal) {
    findings.push({
      path: "upstream",
      kind: "exposure",
      reason: "identity headers travel over plain HTTP to another machine, where they can be changed",
      remedy: "Use https, or run the sidecar on the upstream's machine.",
    });
  }
  return findings;
}
