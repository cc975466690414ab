/**
 * Seconds by which a server's clock is ahead of ours (negative: behind), from the `Date` of its answer, as the engine
 * measures it for keys; 0 where the time on the way and the resolution of one second explain the difference. Undefined
 * without a readable `Date`, and where our own clock was set back meanwhile.
 */
export function measureClock(
  headers: Headers,
  { askedMs, answeredMs }: { readonly askedMs: number; readonly answeredMs: number },
): number | undefined {
  const dateMs = Date.parse(headers.get("date") ?? "");
  if (!Number.isFinite(dateMs) || !(answeredMs >= askedMs)) return undefined;
  const uncertaintyMs = (RESOLUTION_MS + answeredMs - askedMs) / 2;
  const differenceMs = dateMs + RESOLUTION_MS - askedMs - uncertaintyMs;
  return Math.abs(differenceMs) <= uncertaintyMs ? 0 : Math.round(differenceMs / 1000);
}

const RESOLUTION_MS = 1000;
