/** What an answer's headers say about how long it may be used (RFC 9111 sections 4.2 and 5.2.2). */

/** Lifetime where the answer says nothing; kept short, because it bounds how long a removed key still verifies. */
const DEFAULT_LIFETIME_SECONDS = 600;

const LONGEST_HEADER = 4096;

/**
 * Seconds for which the answer is fresh, its `Age` taken off; 0 where it must not be reused unasked
 * (`no-store`, `no-cache`) or its lifetime is not readable; undefined where the headers say nothing.
 */
export function readFreshnessSeconds(headers: Headers, nowMs: number): number | undefined {
  const expires = headers.get("expires");
  let fresh = readMaxAge(headers.get("cache-control"));
  if (fresh === undefined && expires !== null) {
    const sinceMs = parseHttpDate(headers.get("date")) ?? nowMs;
    fresh = Math.floor(((parseHttpDate(expires) ?? 0) - sinceMs) / 1000);
  }
  return fresh === undefined ? undefined : Math.max(0, fresh - (readSeconds(headers.get("age")) ?? 0));
}

/** The least `max-age`, 0 where reuse is forbidden, undefined where neither stands there. */
function readMaxAge(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (header.length > LONGEST_HEADER) return 0;
  let least: number | undefined;
  for (const directive of header.toLowerCase().split(",")) {
    const [name, value = ""] = directive.split("=", 2).map((part) => part.trim());
    if (name === "no-store" || name === "no-cache") return 0;
    if (name === "max-age") least = Math.min(least ?? Infinity, readSeconds(value.replaceAll('"', "")) ?? 0);
  }
  return least;
}

/** The lifetime of a copy in seconds: what the answer allows, inside the configured bounds. */
export function boundLifetimeSeconds(
  freshnessSeconds: number | undefined,
  bounds: { readonly minRefreshSeconds: number; readonly maxRefreshSeconds: number },
): number {
  return Math.min(
    bounds.maxRefreshSeconds,
    Math.max(bounds.minRefreshSeconds, freshnessSeconds ?? DEFAULT_LIFETIME_SECONDS),
  );
}

/** When a copy is refreshed ahead of its expiry: after 75 to 90 % of its lifetime (`random` is 0..1). */
export function refreshAfterMs(lifetimeSeconds: number, random: number): number {
  return Math.round(lifetimeSeconds * 1000 * (0.75 + 0.15 * random));
}

/** Seconds of a delta-seconds header (RFC 9111 section 1.2.2); undefined where it is not one. */
export function readSeconds(header: string | null): number | undefined {
  return header !== null && /^\d{1,10}$/.test(header) ? Number(header) : undefined;
}

/** Milliseconds since the epoch of an IMF-fixdate (RFC 9110 section 5.6.7); undefined for every other form. */
export function parseHttpDate(header: string | null): number | undefined {
  const timeMs = Date.parse(header ?? "");
  return timeMs >= 0 && new Date(timeMs).toUTCString() === header ? timeMs : undefined;
}

/**
 * Seconds by which the source's clock is ahead of ours. `Date` has a resolution of one second and was written
 * somewhere between request and answer: a difference inside that uncertainty is none. `Age` is added for caches.
 */
export function measureClockDifference(
  headers: Headers,
  { startedMs, answeredMs }: { readonly startedMs: number; readonly answeredMs: number },
): number | undefined {
  const dateMs = parseHttpDate(headers.get("date"));
  // A step of our own clock during the exchange would be taken for the source's.
  if (dateMs === undefined || !(answeredMs >= startedMs)) return undefined;
  const uncertaintyMs = 500 + (answeredMs - startedMs) / 2;
  const ageMs = (readSeconds(headers.get("age")) ?? 0) * 1000;
  const differenceMs = dateMs + ageMs + 1000 - startedMs - uncertaintyMs;
  return Math.abs(differenceMs) <= uncertaintyMs ? 0 : Math.round(differenceMs / 1000);
}
