/** A use that would have to be remembered for longer is refused: a store must not grow without end. */
const LONGEST_MS = 31 * 86_400_000;

/**
 * The moment until which a use is remembered, in whole milliseconds.
 *
 * @throws RangeError where either time is none, or it lies more than 31 days ahead.
 */
export function readExpiry(expiresAtMs: number, nowMs: number): number {
  const expiresAt = Math.ceil(expiresAtMs);
  if (Number.isSafeInteger(expiresAt) && Number.isSafeInteger(nowMs) && expiresAt - nowMs <= LONGEST_MS) {
    return expiresAt;
  }
  throw new RangeError("expiresAtMs: expected a time at most 31 days ahead");
}
