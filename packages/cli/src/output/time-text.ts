// The range of Date (ECMA-262 section 21.4.1.1).
const MAX_SECONDS = 8.64e12;

/** Seconds since the epoch as "2026-11-23 15:12:05 UTC", or undefined where no calendar has the date. */
export function formatInstant(seconds: number): string | undefined {
  if (!Number.isFinite(seconds) || Math.abs(seconds) > MAX_SECONDS) return undefined;
  const [date = "", time = ""] = new Date(Math.trunc(seconds) * 1000).toISOString().split("T");
  return `${date} ${time.slice(0, 8)} UTC`;
}

interface SpanUnit {
  readonly seconds: number;
  readonly name: string;
  /** The unit is used below this many seconds. */
  readonly below: number;
}

const UNITS: readonly SpanUnit[] = [
  { seconds: 1, name: "s", below: 120 },
  { seconds: 60, name: "min", below: 2 * 3600 },
  { seconds: 3600, name: "h", below: 2 * 86_400 },
  { seconds: 86_400, name: "days", below: 2 * 365 * 86_400 },
  { seconds: 365 * 86_400, name: "years", below: Number.POSITIVE_INFINITY },
];

/** A length of time in one rounded unit: "45 s", "3 min", "5 h", "12 days", "3 years". */
export function formatSpan(seconds: number): string {
  const length = Math.abs(seconds);
  const unit = UNITS.find(({ below }) => length < below);
  return unit === undefined ? "forever" : `${Math.floor(length / unit.seconds)} ${unit.name}`;
}

/** "3 min ago", "in 45 s" or "now". */
export function formatDistance(seconds: number, nowSeconds: number): string {
  const difference = seconds - nowSeconds;
  if (Math.abs(difference) < 1) return "now";
  return difference < 0 ? `${formatSpan(difference)} ago` : `in ${formatSpan(difference)}`;
}

/** Milliseconds with as many digits as help: "0.08 ms", "4.1 ms", "812 ms". */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 1) return `${milliseconds.toFixed(2)} ms`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
