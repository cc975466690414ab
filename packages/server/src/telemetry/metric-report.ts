/** What a worker has counted since it last told, and what its gauges show: plain data for the process that is asked. */

import type { KeyUse } from "./key-sightings.ts";
import type { CellChange, MetricFamily } from "./metric-family.ts";
import type { MetricKey } from "./metrics-table.ts";
import { METRICS } from "./metrics-table.ts";

export interface MetricReport {
  readonly changes: readonly (readonly [MetricKey, CellChange])[];
  readonly gauges: readonly (readonly [MetricKey, number])[];
  readonly keyUses: readonly KeyUse[];
}

/** Most series of one report; the rest is told with the next. */
export const MAX_REPORTED_SERIES = 2000;

const KEYS = Object.keys(METRICS) as MetricKey[];
const MERGED = KEYS.filter((key) => METRICS[key].merge !== undefined);

type Families = Readonly<Record<MetricKey, MetricFamily>>;

/** Takes what was counted out of the families, so that nothing is told twice. */
export function takeReport(families: Families): Omit<MetricReport, "keyUses"> {
  const changes: (readonly [MetricKey, CellChange])[] = [];
  for (const key of KEYS) {
    const { type } = METRICS[key];
    if (type === "gauge") continue;
    const room = MAX_REPORTED_SERIES - changes.length;
    for (const change of families[key].takeChanges(room)) changes.push([key, change]);
  }
  const gauges = MERGED.flatMap((key) => [...families[key].cells].map(({ value }) => [key, value] as const));
  return { changes, gauges };
}

/** The gauges of several workers, as one. */
export class WorkerGauges {
  readonly #workers = new Map<number, ReadonlyMap<MetricKey, number>>();
  /** Those that a worker ever had. */
  readonly #known = new Set<MetricKey>();
  #isUsed = false;

  set(worker: number, { gauges }: Pick<MetricReport, "gauges">): void {
    this.#isUsed = true;
    this.#workers.set(worker, new Map(gauges));
  }

  forget(worker: number): void {
    this.#workers.delete(worker);
  }

  #isKnown(key: MetricKey): boolean {
    for (const gauges of this.#workers.values()) if (gauges.has(key)) this.#known.add(key);
    return this.#known.has(key);
  }

  /** Sets the families to what stands for all; `own` is of the process that is asked. */
  merge(families: Families, own: Partial<Record<MetricKey, number>>): void {
    for (const key of MERGED) {
      const mine = own[key];
      if (!this.#isUsed) {
        if (mine !== undefined) families[key].set([], mine);
        continue;
      }
      // What no process has is not shown as 0.
      if (mine === undefined && !this.#isKnown(key)) continue;
      const values = [...this.#workers.values()].map((gauges) => gauges.get(key) ?? 0);
      if (mine !== undefined) values.push(mine);
      const isSum = METRICS[key].merge === "sum";
      families[key].set([], isSum ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values));
    }
  }
}
