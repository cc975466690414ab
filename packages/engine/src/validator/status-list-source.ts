/** Where one issuer's status lists come from: which URIs, by which keys, within which bounds. */

import type { ClaimCheck } from "../claims/claim-check.ts";
import { createFormCheck, createRequiredCheck } from "../claims/registered-claims.ts";
import { createTimeChecks } from "../claims/time-checks.ts";
import { createTypeCheck } from "../claims/token-kinds.ts";
import { type DocumentContext, fetchDocument } from "../keys/fetch-document.ts";
import { parseFetchUrl } from "../keys/fetch-url.ts";
import type { VerificationKey } from "../keys/key-source.ts";
import { Refusal } from "../refusal.ts";
import { verifyEventSignature } from "../signature/verified-event.ts";
import { decodeStatusList, type StatusList } from "../status/status-list.ts";
import { parseToken } from "../token/parse-token.ts";
import { checkOptions } from "./check-options.ts";
import { openEventKeys } from "./create-event-verifier.ts";
import { runChecks } from "./run-checks.ts";
import type { StatusListIssuerOptions, StatusListsOptions } from "./status-list-options.ts";

export interface LoadedStatusList {
  readonly list: StatusList;
  /** What the list says of itself, else its answer's headers; undefined where nobody does. */
  readonly ttlSeconds: number | undefined;
  /** Milliseconds since the epoch; Infinity where it does not expire. */
  readonly expiresAtMs: number;
}

export interface StatusListSource {
  /** Whether a list of this issuer may be there. */
  admits(uri: string): boolean;
  /** Undefined where there is no good list. May reject for the same. */
  load(uri: string): Promise<LoadedStatusList | undefined>;
  close(): Promise<void>;
}

const MEDIA_TYPE = "application/statuslist+jwt";
const TYPE = "statuslist+jwt";
const MAX_REDIRECTS = 3;

type SourceOptions = Omit<StatusListIssuerOptions, "withoutStatus" | "maxStaleSeconds" | "maxLists">;

/** @throws ConfigurationError, RangeError */
export function openStatusListSource(
  { origins, timeoutMs = 5000, maxBytes = 1_048_576, maxListBytes = 2_097_152, ...rest }: SourceOptions,
  ports: Omit<StatusListsOptions, "issuers">,
): StatusListSource {
  const { insecureLoopbackHttp = false, ...issuer } = rest;
  requireWithin({ timeoutMs, maxBytes, maxListBytes });
  const checked = checkOptions({ ...ports, issuers: [{ ...issuer, audiences: "unchecked", types: [TYPE] }] });
  const { clock, fetch } = checked;
  const [trusted] = checked.issuers;
  if (trusted === undefined) throw new TypeError("the options passed without an issuer");
  const { rules } = trusted;
  const keys = openEventKeys(rules, trusted, checked);
  const admitted = new Set(origins ?? [readOrigin(issuer.issuer)]);
  const algorithms = new Map(rules.algorithms.map((algorithm) => [algorithm.name as string, algorithm]));
  const checks: readonly ClaimCheck[] = [
    createTypeCheck({ types: [TYPE], absent: false }),
    createFormCheck(),
    createRequiredCheck(["sub", "iat", "status_list"]),
    ...createTimeChecks({ ...rules, maxLifetimeSeconds: undefined, maxAgeSeconds: undefined }),
  ];
  const settings = { maxBytes, maxRedirects: MAX_REDIRECTS, insecureLoopbackHttp };
  const context: DocumentContext = { fetch, clock, settings };
  return {
    admits(uri) {
      const url = parseFetchUrl(uri, settings);
      return url instanceof URL && admitted.has(url.origin);
    },
    async load(uri) {
      const signal = AbortSignal.timeout(timeoutMs);
      const { text, type, freshnessSeconds } = await fetchDocument(
        { url: uri, accept: MEDIA_TYPE, signal },
        context,
      );
      if (type !== MEDIA_TYPE) return undefined;
      const token = parseToken(text?.trim(), { maxBytes, maxStringLength: maxBytes });
      if (token instanceof Refusal || runChecks(checks, token, clock) !== undefined) return undefined;
      const { sub, iss, ttl, exp, status_list: claim } = token.claims;
      if (sub !== uri || (iss !== undefined && iss !== rules.issuer)) return undefined;
      if (ttl !== undefined && !(typeof ttl === "number" && ttl > 0)) return undefined;
      const algorithm = algorithms.get(token.header.alg);
      if (algorithm === undefined) return undefined;
      const query = { algorithm, keyId: token.header.kid };
      const lookup = await keys.resolve(query);
      if (lookup.kind === "refused") return undefined;
      const verify = (candidates: readonly VerificationKey[]): ReturnType<typeof verifyEventSignature> =>
        verifyEventSignature({ token, keys: candidates, issuer: rules.name });
      let signed = await verify(lookup.keys);
      if (signed === undefined) {
        const replacement = await keys.replacement(query, lookup.keys);
        signed = replacement && (await verify(replacement));
      }
      const list = signed && (await decodeStatusList(claim, maxListBytes));
      return (
        list && {
          list,
          // What the list says comes before what its transport says (section 13.7).
          ttlSeconds: ttl ?? freshnessSeconds,
          expiresAtMs: typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY,
        }
      );
    },
    close: () => keys.close(),
  };
}

function readOrigin(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).origin : "";
}

const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  timeoutMs: [100, 30_000],
  maxBytes: [1024, 16_777_216],
  maxListBytes: [1024, 16_777_216],
};

function requireWithin(values: Readonly<Record<string, number>>): void {
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const value = values[name] ?? Number.NaN;
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new RangeError(`${name}: expected a whole number from ${least} to ${most}`);
  }
}
