/** Settings that are allowed and weaken something: each with what it gives up and how to do without. */

import type { OptOut } from "countersign";

import type { Configuration, PathsConfiguration, RouteConfiguration } from "./configuration.ts";
import { findCredentialExposures } from "./credential-findings.ts";
import { describeDpopOffer } from "./dpop-offer.ts";
import { findAuditExposures } from "./find-audit-problems.ts";
import type { ConfigurationFinding } from "./finding.ts";
import { formatListenAddress, isLocalAddress } from "./listen-address.ts";
import { findIdleRows } from "./permission-place.ts";
import { findMisleadingRoutes } from "./route-findings.ts";
import type { RouteTable } from "./route-table.ts";
import { DEFAULT_TRUSTED_PROXIES } from "./trusted-proxies.ts";
import { listUpstreams } from "./upstreams.ts";

// Without either, a token of the same issuer that was made for somebody else, or long ago, is as good as one for you.
const BYPASSES = /\.(?:audiences|expiry|tenants)$/;
const MAX_USUAL_TOLERANCE_SECONDS = 120;

/** All findings of a valid configuration, in the file's order of sections. */
export function findWeaknesses(
  configuration: Configuration,
  facts: { readonly table: RouteTable; readonly optOuts: readonly OptOut[] },
): readonly ConfigurationFinding[] {
  return [
    ...findListenerExposures(configuration),
    ...facts.optOuts.map(({ path, value, consequence }): ConfigurationFinding => {
      const remedy = `Remove ${JSON.stringify(value)}, or write down under \`exceptions\` why it has to stay.`;
      const kind = BYPASSES.test(path) ? "bypass" : "opt_out";
      return { path, kind, reason: consequence, remedy };
    }),
    ...findTrustExposures(configuration),
    ...findLongTolerances(configuration),
    ...findMisleadingRoutes(configuration, facts.table),
    ...findReadings(configuration),
    ...findProxyExposures(configuration),
    ...findCredentialExposures(configuration),
    ...findSingleInstanceStores(configuration),
    ...findAuditExposures(configuration.audit),
    ...findIdleRows(configuration),
    ...configuration.routes.flatMap(findReplayExceptions),
  ];
}

/** What holds for one instance alone. */
function findSingleInstanceStores(configuration: Configuration): readonly ConfigurationFinding[] {
  const { revocation, replay, publishedStatusLists, routes, issuers } = configuration;
  const findings: ConfigurationFinding[] = [];
  if (revocation?.store === "memory") {
    findings.push({
      path: "revocation.store",
      kind: "exposure",
      reason: "what is revoked here is unknown to other instances, and forgotten at the next start",
      remedy: "Write `sqlite` for the processes of one machine, `redis` for several machines.",
    });
  }
  if (publishedStatusLists?.store === "memory") {
    findings.push({
      path: "publishedStatusLists.store",
      kind: "exposure",
      reason: "after the next start nobody accepts a token that has a place in a list: the list is gone",
      remedy: "Write `sqlite` for the processes of one machine, `redis` for several machines.",
    });
  }
  const usesReplay =
    routes.some(({ singleUse }) => singleUse === true) || "dpopAlgorithms" in describeDpopOffer(issuers);
  if (replay.store === "memory" && usesReplay) {
    findings.push({
      path: "replay.store",
      kind: "exposure",
      reason: "a token for one use, or a DPoP proof, passes once at each instance, and again after a start",
      remedy: "Write `sqlite` for the processes of one machine, `redis` for several machines.",
    });
  }
  return findings;
}

function findReplayExceptions(
  { localReplaySeconds: seconds }: RouteConfiguration,
  index: number,
): readonly ConfigurationFinding[] {
  if (seconds === undefined) return [];
  const reason = `for up to ${seconds} seconds of an outage of the replay store, a token for one use or a DPoP proof passes once on each machine`;
  const remedy = "Remove it: requests are answered 503 then.";
  return [{ path: `routes[${index}].localReplaySeconds`, kind: "exposure", reason, remedy }];
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

function findLongTolerances({ issuers }: Configuration): readonly ConfigurationFinding[] {
  return issuers.flatMap(({ clockToleranceSeconds = 0 }, index): ConfigurationFinding[] =>
    clockToleranceSeconds <= MAX_USUAL_TOLERANCE_SECONDS
      ? []
      : [
          {
            path: `issuers[${index}].clockToleranceSeconds`,
            kind: "opt_out",
            reason: `tokens are accepted for ${clockToleranceSeconds} seconds after they ended`,
            remedy: `Synchronize the clocks; ${MAX_USUAL_TOLERANCE_SECONDS} seconds and less are usual.`,
          },
        ],
  );
}

const READINGS: Readonly<Record<keyof PathsConfiguration, string>> = {
  encodedSlash: "an encoded slash",
  backslash: "a backslash",
  dotSegments: "a dot segment",
  doubleSlash: "an empty segment",
  semicolon: "a semicolon",
};

function findReadings({ paths, methodOverride }: Configuration): readonly ConfigurationFinding[] {
  const findings = (Object.keys(READINGS) as readonly (keyof PathsConfiguration)[]).flatMap(
    (name): ConfigurationFinding[] =>
      paths[name] === "reject"
        ? []
        : [
            {
              path: `paths.${name}`,
              kind: "exposure",
              reason: `where the upstream reads ${READINGS[name]} in another way than "${paths[name]}", its path is not the one that was decided about`,
              remedy: "Leave it at reject, or make sure of how every server on the way reads it.",
            },
          ],
  );
  if (methodOverride === "reject") return findings;
  const reason = "an upstream that honors X-HTTP-Method-Override runs another method than was decided about";
  const remedy = "Leave it at reject, or make sure that no framework behind honors it.";
  return [...findings, { path: "methodOverride", kind: "exposure", reason, remedy }];
}

function findProxyExposures(configuration: Configuration): readonly ConfigurationFinding[] {
  const findings: ConfigurationFinding[] = [];
  if (configuration.proxy.forwardToken) {
    findings.push({
      path: "proxy.forwardToken",
      kind: "exposure",
      reason: "the upstream sees the client's token and can use it elsewhere",
      remedy: "Let the upstream read the identity headers instead.",
    });
  }
  for (const { path, url } of listUpstreams(configuration)) {
    const { protocol, hostname } = new URL(url);
    if (protocol !== "http:" || /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname)) continue;
    findings.push({
      path,
      kind: "exposure",
      reason: "identity headers travel over plain HTTP to another machine, where they can be changed",
      remedy: "Use https, or run the sidecar on the upstream's machine.",
    });
  }
  return findings;
}
