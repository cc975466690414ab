/** What each key alone cannot show: settings that contradict each other. */

import type { ConfigurationProblem } from "countersign";
import { parseClaimPath } from "countersign/policy";

import type { RouteConfiguration } from "./configuration.ts";
import type { FileConfiguration, FileIssuer } from "./file-configuration.ts";
import { findAssertionProblems } from "./find-assertion-problems.ts";
import { findAuditProblems } from "./find-audit-problems.ts";
import { findExchangeProblems } from "./find-exchange-problems.ts";
import { findPublishedListProblems } from "./find-published-list-problems.ts";
import { findSignalProblems } from "./find-signal-problems.ts";
import { chooseExtAuthzListener, chooseProxyListener, parseListenAddress } from "./listen-address.ts";
import { findTableProblems } from "./permission-place.ts";
import { FIELD_SUFFIXES } from "./principal-field.ts";
import type { StoreConfiguration } from "./revocation-configuration.ts";
import { compileRoutePolicies } from "./route-policies.ts";
import { listUpstreams } from "./upstreams.ts";

/** Header suffixes that the sidecar itself writes. */
const FIXED_SUFFIXES: readonly string[] = Object.freeze([
  "subject",
  "issuer",
  "client",
  "scopes",
  "roles",
  "status",
  "reason",
]);

/** The problems between keys of a configuration whose keys are each well formed. */
export function findContradictions(file: FileConfiguration): readonly ConfigurationProblem[] {
  return [
    ...findListenerProblems(file),
    ...findUpstreamProblems(file),
    ...findExchangeProblems(file),
    ...findAssertionProblems(file),
    ...findIntrospectionProblems(file),
    ...file.issuers.flatMap(findKeyProblems),
    ...findRevocationProblems(file),
    ...findSignalProblems(file),
    ...findAuditProblems(file.audit),
    ...findTableProblems(file),
    ...findPublishedListProblems(file),
    ...findRouteProblems(file),
    ...findHeaderProblems(file),
  ];
}

function findListenerProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const { listeners } = file;
  const problems: ConfigurationProblem[] = [];
  const upstreams = listUpstreams(file);
  const proxy = chooseProxyListener(listeners.proxy, upstreams);
  if (proxy !== "off" && upstreams.length === 0) {
    problems.push({
      path: "listeners.proxy",
      problem: "a proxy without an upstream",
      remedy: "Write `upstream`, or leave the proxy out.",
    });
  }
  const extAuthz = chooseExtAuthzListener(listeners);
  if (proxy === "off" && extAuthz === "off" && listeners.decision === "off") {
    problems.push({
      path: "listeners",
      problem: "neither a decision listener nor ext_authz nor a proxy",
      remedy: "Leave one of them on: nothing could be decided.",
    });
  }
  const taken = new Map<string, string>();
  for (const [name, text] of Object.entries({
    decision: listeners.decision,
    extAuthz,
    proxy,
    admin: listeners.admin,
  })) {
    const address = parseListenAddress(text);
    if (address === undefined || (address.kind === "tcp" && address.port === 0)) continue;
    const other = taken.get(text);
    if (other !== undefined) {
      problems.push({
        path: `listeners.${name}`,
        problem: `the address of listeners.${other}`,
        remedy: "Give each listener its own address.",
      });
    }
    taken.set(text, name);
  }
  for (const { path, url } of upstreams) {
    if (new URL(url).host !== proxy) continue;
    const remedy = "Name the service behind the proxy.";
    problems.push({ path, problem: "the address of the proxy itself", remedy });
  }
  return problems;
}

function findUpstreamProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const upstreams = listUpstreams(file);
  const names = upstreams.flatMap(({ name }) => name ?? []);
  const isForwarding = upstreams.length > 0 && chooseProxyListener(file.listeners.proxy, upstreams) !== "off";
  return file.routes.flatMap(({ upstream }, index): readonly ConfigurationProblem[] => {
    const path = `routes[${index}].upstream`;
    if (upstream !== undefined && !names.includes(upstream)) {
      const known = names.length === 0 ? "there are none" : names.join(", ");
      return [
        { path, problem: `no name of \`upstreams\` (${known})`, remedy: "Write it under `upstreams`." },
      ];
    }
    if (upstream !== undefined || file.upstream !== undefined || !isForwarding) return [];
    const problem = "nothing: the proxy would not know where to forward to";
    return [{ path, problem, remedy: `Write one of ${names.join(", ")}, or \`upstream\` for all routes.` }];
  });
}

function findIntrospectionProblems({ issuers, routes }: FileConfiguration): readonly ConfigurationProblem[] {
  const asked = issuers.flatMap(({ introspection }, index) =>
    introspection === undefined ? [] : [{ index, introspection }],
  );
  const others = asked.filter(({ introspection }) => introspection.opaqueTokens).slice(1);
  const routeIndex = asked.length > 0 ? -1 : routes.findIndex(({ introspect }) => introspect === true);
  return [
    // A token that says nothing of its issuer must not be shown to all of them.
    ...others.map(({ index }) => ({
      path: `issuers[${index}].introspection.opaqueTokens`,
      problem: "a second issuer that is asked about opaque tokens, which do not say whose they are",
      remedy: "Write `opaqueTokens: false` for all issuers but one.",
    })),
    ...(routeIndex < 0
      ? []
      : [
          {
            path: `routes[${routeIndex}].introspect`,
            problem: "no issuer that can be asked",
            remedy: "Write `introspection` for the issuer, or remove `introspect`.",
          },
        ]),
  ];
}

/** Without keys nothing that the issuer signs can be believed, and only what it is asked about is left. */
function findKeyProblems(
  { keys, introspection, statusLists }: FileIssuer,
  index: number,
): readonly ConfigurationProblem[] {
  if (keys !== undefined) return [];
  const path = `issuers[${index}].keys`;
  const remedy = "Write where the issuer's keys are.";
  if (introspection?.opaqueTokens !== true) return [{ path, problem: "none", remedy }];
  return statusLists === undefined
    ? []
    : [{ path, problem: "none, and status lists are signed with them", remedy }];
}

function findRevocationProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  const { revocation, routes } = file;
  const problems = routes.flatMap((route, index): readonly ConfigurationProblem[] => {
    const asked = (["revocation", "singleUse"] as const).find(
      (member) => route[member] === "fresh" || route[member] === true,
    );
    if (asked !== undefined && route.allow === "anonymous") {
      const remedy = `Write \`allow: authenticated\`, or remove \`${asked}\`.`;
      return [
        { path: `routes[${index}].${asked}`, problem: `${asked} on a route that asks for no token`, remedy },
      ];
    }
    const replayProblem = findReplayProblem(route, file.replay.store);
    if (replayProblem !== undefined) {
      const path = `routes[${index}].localReplaySeconds`;
      return [{ path, problem: replayProblem, remedy: "Remove it." }];
    }
    if (route.revocation !== "fresh" || revocation !== undefined) return [];
    return [
      {
        path: `routes[${index}].revocation`,
        problem: "nothing that could be fresh: there is no `revocation`",
        remedy: "Write `revocation` with a store, or remove it from the route.",
      },
    ];
  });
  return [...problems, ...findStoreProblems(file)];
}

function findReplayProblem(route: RouteConfiguration, store: StoreConfiguration): string | undefined {
  if (route.localReplaySeconds === undefined) return undefined;
  if (route.allow === "anonymous") return "an exception on a route that asks for no token";
  return store === "memory"
    ? "an exception for a store that is never away: `replay.store` is memory"
    : undefined;
}

/** One file cannot be both, and Redis is reached in one way. */
function findStoreProblems({ revocation, replay, api }: FileConfiguration): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const path = sqlitePathOf(revocation?.store);
  if (path !== undefined && path === sqlitePathOf(replay.store)) {
    const remedy = "Give each a file of its own.";
    problems.push({ path: "replay.store.sqlite", problem: "the file of revocations", remedy });
  }
  if (api !== undefined && revocation === undefined) {
    const remedy = "Write `revocation`, or remove `api`.";
    problems.push({ path: "api", problem: "an API with nothing to do: there is no `revocation`", remedy });
  }
  for (const [name, store] of [
    ["revocation", revocation?.store],
    ["replay", replay.store],
  ] as const) {
    if (typeof store !== "object" || !("redis" in store)) continue;
    if (store.redis.cluster || store.redis.urls.length === 1) continue;
    problems.push({
      path: `${name}.store.redis.urls`,
      problem: `${store.redis.urls.length} servers, and no cluster`,
      remedy: "Write `cluster: true`, or one URL.",
    });
  }
  return problems;
}

function sqlitePathOf(store: StoreConfiguration | undefined): string | undefined {
  return typeof store === "object" && "sqlite" in store ? store.sqlite : undefined;
}

function findRouteProblems(file: FileConfiguration): readonly ConfigurationProblem[] {
  return [...file.routes.flatMap(findRouteContradiction), ...compileRoutePolicies(file).problems];
}

function findRouteContradiction(route: RouteConfiguration, index: number): readonly ConfigurationProblem[] {
  const asked = (["scopes", "require"] as const).find((member) => route[member] !== undefined);
  if (route.allow === "anonymous" && asked !== undefined && route.shadow !== true) {
    return [
      {
        path: `routes[${index}].${asked}`,
        problem: `${asked} on a route that asks for no token`,
        remedy: `Write \`allow: authenticated\`, \`shadow: true\` to watch it first, or remove \`${asked}\`.`,
      },
    ];
  }
  if (route.allow === "anonymous" || asked !== undefined || route.shadow !== true) return [];
  return [
    {
      path: `routes[${index}].shadow`,
      problem: "nothing to watch: shadow is about `scopes` and `require`, not about the token",
      remedy: "Write what is to be watched, or remove `shadow`.",
    },
  ];
}

function findHeaderProblems({ identityHeaders }: FileConfiguration): readonly ConfigurationProblem[] {
  const { assertion } = identityHeaders;
  const fixed = [...FIXED_SUFFIXES, ...(identityHeaders.fields ?? []).map((field) => FIELD_SUFFIXES[field])];
  const taken = new Set([...fixed, ...(assertion === undefined ? [] : [assertion.header])]);
  if (assertion !== undefined && fixed.includes(assertion.header)) {
    const problem = `the header ${identityHeaders.prefix}${assertion.header} is taken`;
    return [{ path: "identityHeaders.assertion.header", problem, remedy: "Choose another suffix." }];
  }
  return Object.entries(identityHeaders.claims).flatMap(([claim, header]) => {
    const suffix = typeof header === "string" ? header : header.header;
    if (parseClaimPath(claim) === undefined) {
      const remedy = 'Write a JSON pointer ("/a/b"), names joined by dots, or one name with "://".';
      return [{ path: `identityHeaders.claims.${claim}`, problem: "no path of a claim", remedy }];
    }
    if (!taken.has(suffix)) {
      taken.add(suffix);
      return [];
    }
    return [
      {
        path: `identityHeaders.claims.${claim}`,
        problem: `the header ${identityHeaders.prefix}${suffix} is taken`,
        remedy: "Choose another suffix.",
      },
    ];
  });
}
