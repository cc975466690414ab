/** Counts decisions: the one update that every request makes, so the series are found by its parts alone. */

import type { Fault, ReasonName } from "countersign";

import type { Cell, MetricFamily } from "./metric-family.ts";

/** What one decision adds. */
export interface DecisionSample {
  readonly door: string;
  readonly outcome: "authenticated" | "anonymous" | "refused" | "failed";
  /** Absent where the route asked for no token. */
  readonly validation?: {
    readonly issuer: string | undefined;
    readonly reason: ReasonName | "ok";
    readonly fault: Fault | "none";
    /** Undefined where no token was judged. */
    readonly durationMs: number | undefined;
  };
}

/** Where decisions are counted. */
export interface DecisionFamilies {
  readonly decisions: MetricFamily;
  readonly validations: MetricFamily;
  readonly validationDuration: MetricFamily;
}

/** Creates what counts a decision under an issuer's alias. */
export function createDecisionCounter(
  families: DecisionFamilies,
): (sample: DecisionSample, issuer: string) => void {
  const decisions = new SeriesFinder(families.decisions);
  const validations = new SeriesFinder(families.validations);
  return ({ door, outcome, validation }, issuer) => {
    decisions.find(door, outcome).value += 1;
    if (validation === undefined) return;
    const { reason, fault, durationMs } = validation;
    validations.find(issuer, reason, fault).value += 1;
    if (durationMs !== undefined) families.validationDuration.observe(COLD, durationMs / 1000);
  };
}

const COLD = ["cold"] as const;

/** Remembers the series of two labels; a third one follows from the second. Both come from closed sets. */
class SeriesFinder {
  readonly #family: MetricFamily;
  readonly #cells = new Map<string, Map<string, Cell>>();

  constructor(family: MetricFamily) {
    this.#family = family;
  }

  find(first: string, second: string, third?: string): Cell {
    const known = this.#cells.get(first)?.get(second);
    if (known !== undefined) return known;
    const labels = third === undefined ? [first, second] : [first, second, third];
    const cell = this.#family.find(labels);
    // Where there are too many series, each update is counted as one that overflowed.
    if (cell.labels[0] !== first) return cell;
    const cells = this.#cells.get(first) ?? new Map<string, Cell>();
    this.#cells.set(first, cells.set(second, cell));
    return cell;
  }
}
