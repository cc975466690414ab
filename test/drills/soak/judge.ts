/** What a soak is judged by: whether a figure stays where it was, and whether an answer was the right one. No I/O here. */

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface Allowance {
  /** Of where it began. */
  readonly share: number;
  /** What is never too much, in the unit of the figure: a page here, a connection there. */
  readonly slack: number;
}

export interface Trend {
  /** Medians of the first and the last fifth. */
  readonly start: number;
  readonly end: number;
  /** End over start; 1 where it began at nothing. */
  readonly ratio: number;
  /** By the slope, over the whole time that was measured. */
  readonly growth: number;
  readonly perHour: number;
  /** The most that `growth` and end less start may be. */
  readonly allowed: number;
  readonly samples: number;
  readonly isFlat: boolean;
}

/** Less says nothing. */
export const LEAST_SAMPLES = 20;
/** More are joined by their medians: the slope looks at each pair. */
export const MOST_POINTS = 240;
const HOUR_MS = 3_600_000;

/** @throws RangeError where there is nothing. */
export function findMedian(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError("expected values, found none");
  return (lower + upper) / 2;
}

/** The median of the slopes between all pairs (Theil and Sen), a millisecond: a third may be outliers. 0 for one moment. */
export function findSlope(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [index, left] of points.entries()) {
    for (const right of points.slice(index + 1)) {
      if (right.atMs !== left.atMs) slopes.push((right.value - left.value) / (right.atMs - left.atMs));
    }
  }
  return slopes.length === 0 ? 0 : findMedian(slopes);
}

/** At most so many, each the median of neighbors. */
export function thinPoints(points: readonly Point[], most: number = MOST_POINTS): readonly Point[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return {
      atMs: findMedian(part.map(({ atMs }) => atMs)),
      value: findMedian(part.map(({ value }) => value)),
    };
  });
}

/**
 * Flat is what grows neither by its slope nor from its first fifth to its last by more than is allowed, and was seen often
 * enough. What falls is flat.
 *
 * @throws RangeError where there are no points.
 */
export function judgeTrend(points: readonly Point[], { share, slack }: Allowance): Trend {
  const fifth = Math.max(1, Math.floor(points.length / 5));
  const start = findMedian(points.slice(0, fifth).map(({ value }) => value));
  const end = findMedian(points.slice(-fifth).map(({ value }) => value));
  const perMs = findSlope(thinPoints(points));
  const growth = perMs * ((points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0));
  const allowed = Math.max(slack, start * share);
  return {
    start,
    end,
    ratio: start === 0 ? 1 : end / start,
    growth,
    perHour: perMs * HOUR_MS,
    allowed,
    samples: points.length,
    isFlat: points.length >= LEAST_SAMPLES && growth <= allowed && end - start <= allowed,
  };
}

/** What a token deserves; "refuse or wait": its key is not known, and 503 where that cannot be looked up yet. */
export type Deserved = "accept" | "refuse" | "refuse or wait" | "either";
export type Judgment = "right" | "not judged" | "wrongly accepted" | "wrongly refused" | "wrong answer";

/**
 * Judges by what was deserved when it was asked and when the answer came: what changed on the way may be either.
 *
 * @param status 0 where there was no answer.
 */
export function judgeAnswer(
  status: number,
  { asked, answered }: { readonly asked: Deserved; readonly answered: Deserved },
): Judgment {
  if (asked !== answered || asked === "either")
    return [200, 401, 503].includes(status) ? "not judged" : "wrong answer";
  if (asked === "accept") return status === 200 ? "right" : "wrongly refused";
  if (status === 200) return "wrongly accepted";
  if (status === 401 || (status === 503 && asked === "refuse or wait")) return "right";
  return "wrong answer";
}
