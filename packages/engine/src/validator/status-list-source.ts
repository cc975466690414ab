/** Where one issuer's status lists come from: which URIs, by which keys, within which bounds. */

import type { Algorithm } from "../algorithms.ts";
import type { ClaimCheck } from "../claims/claim-check.ts";
import { createFormCheck, createRequiredCheck } from "../claims/registered-claims.ts";
import { createTimeChecks } from "../claims/time-checks.ts";
import { createTypeCheck } from "../claims/token-kinds.ts";
import { type DocumentContext, fetchDocument } from "../keys/fetch-document.ts";
import { nameFetchFailure } from "../keys/fetch-failure.ts";
import { parseFetchUrl, type UrlRules } from "../keys/fetch-url.ts";
import type { KeySource } from "../keys/key-source.ts";
import type { StatusListFetchResult } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { verifyEventSignature } from "../signature/verified-event.ts";
import { decodeStatusList, type StatusList } from "../status/status-list.ts";
import { parseToken, type UnverifiedToken } from "../token/parse-token.ts";
import { checkOptions } from "./check-options.ts";
import { openEventKeys, tellObserver } from "./create-event-verifier.ts";
import { runChecks } from "./run-checks.ts";
import type { CompressedStatusList } from "./shared-status-list.ts";
import type { StatusListIssuerOptions, StatusListsOptions } from "./status-list-options.ts";

export interface LoadedStatusList {
  readonly list: StatusList;
  /** As it was published, for whoever is to have it too. */
  readonly compressed: CompressedStatusList;
  /** What the list says of itself, else its answer's headers; undefined where nobody does. */
  readonly ttlSeconds: number | undefined;
  /** Milliseconds since the epoch; Infinity where it does not expire. */
  readonly expiresAtMs: number;
}

export interface StatusListSource {
  /** Whether a list of this issuer may be there. */
  admits(uri: string): boolean;
  /** Undefined where there is no good list. */
  load(uri: string): Promise<LoadedStatusList | undefined>;
  close(): Promise<void>;
}

const MEDIA_TYPE = "application/statuslist+jwt";
const TYPE = "statuslist+jwt";
const MAX_REDIRECTS = 3;

type SourceOptions = Omit<StatusListIssuerOptions, "withoutStatus" | "maxStaleSeconds" | "maxLists">;

/** @throws ConfigurationError, RangeError */
export function openStatusListSource(
  options: SourceOptions,
  ports: Omit<StatusListsOptions, "issuers" | "ask">,
): StatusListSource {
  const { timeoutMs, maxBytes, maxListBytes } = readListBounds(options);
  const {
    origins,
    insecureLoopbackHttp = false,
    timeoutMs: _,
    maxBytes: _b,
    maxListBytes: _l,
    ...issuer
  } = options;
  const checked = checkOptions({ ...ports, issuers: [{ ...issuer, audiences: "unchecked", types: [TYPE] }] });
  const { clock, fetch } = checked;
  const [trusted] = checked.issuers;
  if (trusted === undefined) throw new TypeError("the options passed without an issuer");
  const { rules } = trusted;
  const keys = openEventKeys(rules, trusted, checked);
  const algorithms = new Map(rules.algorithms.map((algorithm) => [algorithm.name as string, algorithm]));
  const checks: readonly ClaimCheck[] = [
    createTypeCheck({ types: [TYPE], absent: false }),
    createFormCheck(),
    createRequiredCheck(["sub", "iat", "status_list"]),
    ...createTimeChecks({ ...rules, maxLifetimeSeconds: undefined, maxAgeSeconds: undefined }),
  ];
  const settings = { maxBytes, maxRedirects: MAX_REDIRECTS, insecureLoopbackHttp };
  const context: DocumentContext = { fetch, clock, settings };
  const load = async (uri: string, signal: AbortSignal): Promise<LoadedStatusList | Failure> => {
    const request = { url: uri, accept: MEDIA_TYPE, signal };
    const { text, type, freshnessSeconds } = await fetchDocument(request, context);
    if (type !== MEDIA_TYPE) return "invalid";
    const token = parseToken(text?.trim(), { maxBytes, maxStringLength: maxBytes });
    if (token instanceof Refusal || runChecks(checks, token, clock) !== undefined) return "invalid";
    const { sub, iss, ttl, exp, status_list: claim } = token.claims;
    if (sub !== uri || (iss !== undefined && iss !== rules.issuer)) return "invalid";
    if (ttl !== undefined && !(typeof ttl === "number" && ttl > 0)) return "invalid";
    const failure = await verify(token, { keys, algorithms, issuer: rules.name });
    if (failure !== undefined) return failure;
    const list = await decodeStatusList(claim, maxListBytes);
    if (list === undefined) return "invalid";
    return {
      list,
      compressed: claim as unknown as CompressedStatusList,
      // What the list says comes before what its transport says (section 13.7).
      ttlSeconds: ttl ?? freshnessSeconds,
      expiresAtMs: typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY,
    };
  };
  return {
    admits: createAdmission(origins ?? [readOrigin(issuer.issuer)], settings),
    async load(uri) {
      const startedMs = clock();
      const signal = AbortSignal.timeout(timeoutMs);
      const outcome = await load(uri, signal).catch(
        (error: unknown): Failure => nameFetchFailure(error, signal).result as Failure,
      );
      const isLoaded = typeof outcome !== "string";
      const result = isLoaded ? "success" : outcome;
      const event = { type: "status_list_fetch_finished", issuer: rules.name, result } as const;
      tellObserver({ ...event, durationMs: clock() - startedMs }, checked.observer);
      return isLoaded ? outcome : undefined;
    },
    close: () => keys.close(),
  };
}

/** Undefined where a key of the issuer signed it. */
async function verify(
  token: UnverifiedToken,
  { keys, algorithms, issuer }: ListKeys,
): Promise<Failure | undefined> {
  const algorithm = algorithms.get(token.header.alg);
  if (algorithm === undefined) return "invalid";
  const query = { algorithm, keyId: token.header.kid };
  const lookup = await keys.resolve(query);
  if (lookup.kind === "refused") {
    return lookup.reason === "keys_unavailable" ? "keys_unavailable" : "invalid";
  }
  if ((await verifyEventSignature({ token, keys: lookup.keys, issuer })) !== undefined) return undefined;
  const replacement = await keys.replacement(query, lookup.keys);
  if (replacement === undefined) return "invalid";
  const signed = await verifyEventSignature({ token, keys: replacement, issuer });
  return signed === undefined ? "invalid" : undefined;
}

interface ListKeys {
  readonly keys: KeySource;
  readonly algorithms: ReadonlyMap<string, Algorithm>;
  readonly issuer: string;
}

type Failure = Exclude<StatusListFetchResult, "success">;

/** Whether a list may be at a URI, by the origins of an issuer's lists. */
export function createAdmission(origins: readonly string[], rules: UrlRules): (uri: string) => boolean {
  const admitted = new Set(origins);
  return (uri) => {
    const url = parseFetchUrl(uri, rules);
    return url instanceof URL && admitted.has(url.origin);
  };
}

export function readOrigin(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).origin : "";
}

type ListBounds = Required<Pick<StatusListIssuerOptions, "timeoutMs" | "maxBytes" | "maxListBytes">>;

const BOUNDS: Readonly<Record<keyof ListBounds, readonly [number, number]>> = {
  timeoutMs: [100, 30_000],
  maxBytes: [1024, 16_777_216],
  maxListBytes: [1024, 16_777_216],
};

/** With their defaults. @throws RangeError */
export function readListBounds(given: Partial<ListBounds>): ListBounds {
  const { timeoutMs = 5000, maxBytes = 1_048_576, maxListBytes = 2_097_152 } = given;
  const bounds: ListBounds = { timeoutMs, maxBytes, maxListBytes };
  for (const [name, value] of Object.entries(bounds)) {
    const [least, most] = BOUNDS[name as keyof ListBounds];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
  }
  return bounds;
}
