/** The status lists of issuers: fetched once for all tokens that refer to them, verified, remembered for as long as they say. */

import type { Clock, StatusLists } from "../ports.ts";
import { decodeStatusList } from "../status/status-list.ts";
import type { AskStatusList, SharedStatusList, StatusListQuestion } from "./shared-status-list.ts";
import { StatusListCache, type TimedListSource } from "./status-list-cache.ts";
import type { StatusListIssuerOptions, StatusListsOptions } from "./status-list-options.ts";
import { createAdmission, openStatusListSource, readListBounds, readOrigin } from "./status-list-source.ts";

export interface ClosableStatusLists extends StatusLists {
  /** For a process that follows: the list, fetched first where none is here. Never rejects; undefined where none can be had. */
  share(question: StatusListQuestion): Promise<SharedStatusList | undefined>;
  /** Stops fetching keys; idempotent. */
  close(): Promise<void>;
}

/** Bounds of `ttl`: no source makes us ask more often, or believe it for longer. */
const LEAST_TTL_SECONDS = 10;
const MOST_TTL_SECONDS = 86_400;
const DEFAULT_TTL_SECONDS = 300;
const COOLDOWN_MS = 5000;
/** The process that is asked has a cooldown of its own. */
const FOLLOWER_COOLDOWN_MS = 1000;

/**
 * Compiles whose lists are asked. Make it once, for `ValidatorOptions.statusLists`, and close it after the validator.
 *
 * @throws ConfigurationError, RangeError where an option is not acceptable.
 */
export function createStatusLists(options: StatusListsOptions): ClosableStatusLists {
  const { clock = Date.now } = options;
  const caches = new Map(
    options.issuers.map((issuer) => [issuer.issuer, createCache(issuer, { ...options, clock })] as const),
  );
  return {
    check: (token) => caches.get(token.claims["iss"] as string)?.check(token) ?? "valid",
    share: async ({ issuer, uri, version }) => caches.get(issuer)?.share(uri, version),
    async close() {
      await Promise.all([...caches.values()].map((cache) => cache.close()));
    },
  };
}

type Ports = StatusListsOptions & { readonly clock: Clock };

function createCache(issuer: StatusListIssuerOptions, ports: Ports): StatusListCache {
  const { withoutStatus = "accepted", maxStaleSeconds = 300, maxLists = 32, ...others } = issuer;
  requireBounded("maxStaleSeconds", maxStaleSeconds, [0, 86_400]);
  requireBounded("maxLists", maxLists, [1, 1024]);
  const { ask, issuers: _, ...fetching } = ports;
  const { clock } = ports;
  const source =
    ask === undefined
      ? createFetchedSource(others, { ports: fetching, maxStaleMs: maxStaleSeconds * 1000 })
      : createFollowedSource(others, ask);
  return new StatusListCache({ source, clock, maxLists, refusesWithout: withoutStatus === "refused" });
}

type SourceOptions = Parameters<typeof openStatusListSource>[0];

function createFetchedSource(
  options: SourceOptions,
  { ports, maxStaleMs }: { readonly ports: Omit<Ports, "issuers" | "ask">; readonly maxStaleMs: number },
): TimedListSource {
  const { clock } = ports;
  const { admits, load, close } = openStatusListSource(options, ports);
  let versions = 0;
  return {
    admits,
    close,
    cooldownMs: COOLDOWN_MS,
    async load(uri) {
      const loaded = await load(uri);
      if (loaded === undefined) return undefined;
      const { list, compressed, ttlSeconds = DEFAULT_TTL_SECONDS, expiresAtMs } = loaded;
      const ttlMs = Math.min(Math.max(ttlSeconds, LEAST_TTL_SECONDS), MOST_TTL_SECONDS) * 1000;
      const leftMs = expiresAtMs - clock();
      versions += 1;
      return {
        list,
        compressed,
        version: versions,
        freshForMs: Math.min(ttlMs, leftMs),
        usableForMs: Math.min(ttlMs + maxStaleMs, leftMs),
      };
    },
  };
}

/** Fetches nothing and needs no keys: what the other process tells it has verified. */
function createFollowedSource(options: SourceOptions, ask: AskStatusList): TimedListSource {
  const { issuer, origins = [readOrigin(issuer)], insecureLoopbackHttp = false } = options;
  const { maxListBytes } = readListBounds(options);
  return {
    admits: createAdmission(origins, { insecureLoopbackHttp }),
    close: () => Promise.resolve(),
    cooldownMs: FOLLOWER_COOLDOWN_MS,
    async load(uri, version) {
      const shared = await ask({ issuer, uri, version });
      if (shared === undefined) return undefined;
      const { list: compressed, ...life } = shared;
      if (compressed === undefined) return { ...life, list: undefined, compressed: undefined };
      const list = await decodeStatusList(compressed, maxListBytes);
      return list && { ...life, list, compressed: undefined };
    },
  };
}

function requireBounded(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
}
