/** Times of rules, as handed out or divided so that a game day need not last for hours. */

/** How rules write times. */
export interface Times {
  /**
   * The range of a query, as PromQL writes it. Never under `least`, which is five seconds by default, so that two
   * samples lie in it at one a second.
   */
  window(seconds: number, least?: number): string;
  /** How long something has to last, as PromQL writes it. */
  lasting(seconds: number): string;
  /** An age to compare with, in seconds; never under `least` where what is compared cannot be younger. */
  age(seconds: number, least?: number): number;
}

export const MAX_TIME_SCALE = 86_400;

const LEAST_WINDOW_SECONDS = 5;
const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/**
 * Divides every time by the scale, 1 to 86,400.
 *
 * @throws RangeError
 */
export function createTimes(scale: number): Times {
  if (!(scale >= 1 && scale <= MAX_TIME_SCALE)) throw new RangeError("a time scale is from 1 to 86400");
  return {
    window: (seconds, least = LEAST_WINDOW_SECONDS) => formatSpan(Math.max(least, seconds / scale)),
    lasting: (seconds) => formatSpan(seconds / scale),
    age: (seconds, least = 0) => Math.max(least, Math.round((seconds / scale) * 1000) / 1000),
  };
}

/** In the largest unit that leaves no rest; milliseconds where it is no whole second. */
export function formatSpan(seconds: number): string {
  const unit = UNITS.find(([, size]) => seconds >= size && Number.isInteger(seconds / size));
  return unit === undefined ? `${Math.round(seconds * 1000)}ms` : `${seconds / unit[1]}${unit[0]}`;
}
