/** Credentials toward upstreams that one upstream could use at another, or that do not outlast the process. */

import type { Configuration } from "./configuration.ts";
import type { ConfigurationFinding } from "./finding.ts";
import { createAudienceFinder } from "./route-assertion.ts";
import { createExchangeFinder } from "./route-exchange.ts";

/** Findings about exchanges and assertions. */
export function findCredentialExposures(configuration: Configuration): readonly ConfigurationFinding[] {
  return [...findSharedExchanges(configuration), ...findAssertionExposures(configuration)];
}

/** The upstreams of the proxy to which the same credential goes; "upstream" is the one without a name. */
function groupUpstreams(
  { routes, upstream, upstreams }: Configuration,
  credentialOf: (route: Configuration["routes"][number]) => string | undefined,
): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  if (upstream === undefined && Object.keys(upstreams).length === 0) return groups;
  for (const route of routes) {
    const credential = route.allow === "anonymous" ? undefined : credentialOf(route);
    if (credential === undefined) continue;
    const group = groups.get(credential) ?? new Set();
    groups.set(credential, group.add(route.upstream ?? "upstream"));
  }
  return groups;
}

function findSharedExchanges(configuration: Configuration): readonly ConfigurationFinding[] {
  const groups = groupUpstreams(configuration, createExchangeFinder(configuration));
  return [...groups].flatMap(([name, upstreams]): readonly ConfigurationFinding[] =>
    upstreams.size < 2
      ? []
      : [
          {
            path: `exchanges.${name}`,
            kind: "exposure",
            reason: `${[...upstreams].join(", ")} get the same tokens, and each can use them at the others`,
            remedy: "Write an exchange for each upstream, with an audience of its own.",
          },
        ],
  );
}

function findAssertionExposures(configuration: Configuration): readonly ConfigurationFinding[] {
  const { issuers, identityHeaders } = configuration;
  const { assertion } = identityHeaders;
  if (assertion === undefined) return [];
  const path = "identityHeaders.assertion";
  const findings: ConfigurationFinding[] = [];
  if (assertion.subjects === "plain" && issuers.length > 1) {
    const reason = "the same subject of two issuers is one principal to upstreams that read sub";
    const remedy = "Write `qualified`, or have upstreams read sub_id.";
    findings.push({ path: `${path}.subjects`, kind: "exposure", reason, remedy });
  }
  if (assertion.keys.store === "memory") {
    const reason =
      "each start and each instance signs with another key, which upstreams do not know before they fetch it";
    findings.push({ path: `${path}.keys.store`, kind: "exposure", reason, remedy: "Write a `directory`." });
  }
  for (const [audience, upstreams] of groupUpstreams(
    configuration,
    createAudienceFinder(configuration, assertion),
  )) {
    if (upstreams.size < 2) continue;
    const reason = `${[...upstreams].join(", ")} get assertions for ${audience}, and each can show them to the others`;
    const remedy = "Write an `assertionAudience` for each upstream.";
    findings.push({ path: `${path}.audience`, kind: "exposure", reason, remedy });
  }
  return findings;
}
