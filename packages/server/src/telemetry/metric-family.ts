/**
 * Own cells: an update is a map look-up and an addition, where metric libraries cost a hundred times that
 * with labels. One family holds all label values of one metric.
 */

import type { MetricDefinition } from "./metrics-table.ts";

/** One time series. `value` of a histogram is the sum of what was observed. */
export interface Cell {
  readonly labels: readonly string[];
  value: number;
  count: number;
  /** Histograms: how many values fell into each bucket, not cumulated; the last is +Inf. */
  readonly buckets: number[];
}

/** What was added to a series: its labels, the value, and for histograms the count and the buckets. */
export type CellChange = readonly [
  labels: readonly string[],
  value: number,
  count: number,
  buckets: readonly number[],
];

/** Most label values of one metric; what comes later is counted under `_overflow`. */
const MAX_SERIES = 5000;
const OVERFLOW = "_overflow";

export class MetricFamily {
  readonly definition: MetricDefinition;
  readonly #cells = new Map<string, Cell>();
  readonly #maxSeries: number;
  #overflowed = 0;

  constructor(definition: MetricDefinition, maxSeries: number = MAX_SERIES) {
    this.definition = definition;
    this.#maxSeries = maxSeries;
  }

  /** Updates that went to `_overflow`. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** In the order of their first update. */
  get cells(): Iterable<Cell> {
    return this.#cells.values();
  }

  /** Makes the series exist, so that a first event is seen as an increase. */
  initialize(...labels: readonly string[]): void {
    this.find(labels);
  }

  /** Removes a series: what it was about is gone. */
  forget(...labels: readonly string[]): void {
    this.#cells.delete(labels.join("\0"));
  }

  /** Adds to a counter or a gauge. */
  add(labels: readonly string[], amount = 1): void {
    this.find(labels).value += amount;
  }

  /** Sets a gauge. */
  set(labels: readonly string[], value: number): void {
    this.find(labels).value = value;
  }

  /** Adds a value to a histogram. What is not finite or is negative counts as 0: clocks step back. */
  observe(labels: readonly string[], value: number): void {
    const cell = this.find(labels);
    const observed = Number.isFinite(value) && value > 0 ? value : 0;
    cell.value += observed;
    cell.count += 1;
    const bounds = this.definition.buckets ?? [];
    let index = 0;
    while (index < bounds.length && observed > (bounds[index] ?? Infinity)) index += 1;
    cell.buckets[index] = (cell.buckets[index] ?? 0) + 1;
  }

  /** Takes what was counted since the last call out of at most `most` series. */
  takeChanges(most: number): readonly CellChange[] {
    const changes: CellChange[] = [];
    for (const cell of this.#cells.values()) {
      if (changes.length >= most) break;
      if (cell.value === 0 && cell.count === 0) continue;
      changes.push([cell.labels, cell.value, cell.count, [...cell.buckets]]);
      // The cell itself stays: whoever counts may hold it.
      cell.value = 0;
      cell.count = 0;
      cell.buckets.fill(0);
    }
    return changes;
  }

  /** Adds what another process has counted. */
  addChange([labels, value, count, buckets]: CellChange): void {
    const cell = this.find(labels);
    cell.value += value;
    cell.count += count;
    for (const [index, amount] of buckets.entries()) {
      cell.buckets[index] = (cell.buckets[index] ?? 0) + amount;
    }
  }

  /** The series of these labels, made where there was none. Of a counter it may be held and added to. */
  find(labels: readonly string[]): Cell {
    const [only = ""] = labels;
    const key = labels.length === 1 ? only : labels.join("\0");
    const cell = this.#cells.get(key);
    if (cell !== undefined) return cell;
    if (labels.length !== this.definition.labels.length)
      throw new TypeError(`${this.definition.name}: wrong labels`);
    if (this.#cells.size >= this.#maxSeries && labels.some((label) => label !== OVERFLOW)) {
      this.#overflowed += 1;
      return this.find(labels.map(() => OVERFLOW));
    }
    const buckets = (this.definition.buckets?.length ?? -1) + 1;
    const created = {
      labels: [...labels],
      value: 0,
      count: 0,
      buckets: Array.from({ length: buckets }, () => 0),
    };
    this.#cells.set(key, created);
    return created;
  }
}
