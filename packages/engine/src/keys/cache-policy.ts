/** What an answer's headers say about how long it may be used (RFC 9111 sections 4.2 and 5.2.2). */

/** Lifetime where the answer says nothing; kept short, because it bounds how long a removed key still verifies. */
export const DEFAULT_LIFETIME_SECONDS = 600;

const LONGEST_HEADER = 4096;
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const SECONDS = /^\d{1,10}$/;

/**
 * Seconds for which the answer is fresh, its `Age` taken off; 0 where it must not be reused unasked
 * (`no-store`, `no-cache`) or its lifetime is not readable; undefined where the headers say nothing.
 */
export function readFreshnessSeconds(headers: Headers, nowMs: number): number | undefined {
  const control = readCacheControl(headers.get("cache-control"));
  if (control === "stale") return 0;
  const ageSeconds = readSeconds(headers.get("age")) ?? 0;
  if (control !== undefined) return Math.max(0, control - ageSeconds);
  const expires = headers.get("expires");
  if (expires === null) return undefined;
  const expiresMs = parseHttpDate(expires);
  if (expiresMs === undefined) return 0;
  const dateMs = parseHttpDate(headers.get("date")) ?? nowMs;
  return Math.max(0, Math.floor((expiresMs - dateMs) / 1000) - ageSeconds);
}

/** The least `max-age`, "stale" where reuse is forbidden, undefined where neither stands there. */
function readCacheControl(header: string | null): number | "stale" | undefined {
  if (header === null) return undefined;
  if (header.length > LONGEST_HEADER) return "stale";
  let least: number | undefined;
  for (const directive of header.toLowerCase().split(",")) {
    const [name = "", value = ""] = directive.split("=", 2).map((part) => part.trim());
    if (name === "no-store" || name === "no-cache") return "stale";
    if (name !== "max-age") continue;
    const seconds = readSeconds(value.replaceAll('"', ""));
    if (seconds === undefined) return "stale";
    least = least === undefined ? seconds : Math.min(least, seconds);
  }
  return least;
}

/** The lifetime of a copy in seconds: what the answer allows, inside the configured bounds. */
export function boundLifetimeSeconds(
  freshnessSeconds: number | undefined,
  bounds: { readonly minRefreshSeconds: number; readonly maxRefreshSeconds: number },
): number {
  const wanted = freshnessSeconds ?? DEFAULT_LIFETIME_SECONDS;
  return Math.min(bounds.maxRefreshSeconds, Math.max(bounds.minRefreshSeconds, wanted));
}

/** When a copy is refreshed ahead of its expiry: after 75 to 90 % of its lifetime (`random` is 0..1). */
export function refreshAfterMs(lifetimeSeconds: number, random: number): number {
  return Math.round(lifetimeSeconds * 1000 * (0.75 + 0.15 * random));
}

/** Seconds of a delta-seconds header (RFC 9111 section 1.2.2); undefined where it is not one. */
export function readSeconds(header: string | null): number | undefined {
  return header !== null && SECONDS.test(header) ? Number(header) : undefined;
}

/** Milliseconds since the epoch of an IMF-fixdate (RFC 9110 section 5.6.7); undefined for every other form. */
export function parseHttpDate(header: string | null): number | undefined {
  if (header === null || !HTTP_DATE.test(header)) return undefined;
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Seconds by which the source's clock is ahead of ours. `Date` has a resolution of one second and was written
 * somewhere between request and answer: a difference inside that uncertainty is none. `Age` is added for caches.
 */
export function measureClockDifference(
  headers: Headers,
  exchange: { readonly startedMs: number; readonly answeredMs: number },
): number | undefined {
  const dateMs = parseHttpDate(headers.get("date"));
  const roundTripMs = exchange.answeredMs - exchange.startedMs;
  // A step of our own clock during the exchange would be taken for the source's.
  if (dateMs === undefined || !(roundTripMs >= 0)) return undefined;
  const sourceMs = dateMs + 500 + (readSeconds(headers.get("age")) ?? 0) * 1000;
  const differenceMs = sourceMs - (exchange.startedMs + roundTripMs / 2);
  const uncertaintyMs = 500 + roundTripMs / 2;
  return Math.abs(differenceMs) <= uncertaintyMs ? 0 : Math.round(differenceMs / 1000);
}
