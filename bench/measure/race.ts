/** Runs contenders in turn, A B C A B C, so that a machine whose speed drifts is unfair to nobody. */

import { median } from "./quantile.ts";

/** One turn of one contender. */
export interface Slot {
  readonly operations: number;
  /** User and system time of every thread and process of the contender; not that of whoever drives it. */
  readonly cpuMicros: number;
  readonly wallMicros: number;
  /** Wall time of single operations. */
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface Contender {
  /** "countersign", "floor", or the package or program; a variant in brackets. */
  readonly subject: string;
  /** Program and version that runs it. */
  readonly runtime: string;
  runSlot(slotMs: number): Promise<Slot>;
}

/** Medians of the rounds. */
export interface Measurement {
  readonly subject: string;
  readonly runtime: string;
  readonly cpuMicrosPerOp: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** CPU microseconds an operation, one figure a round: what ratios are paired by. */
  readonly rounds: readonly number[];
}

export interface RaceOptions {
  readonly rounds: number;
  /** Wall time of one contender's turn, in milliseconds. */
  readonly slotMs: number;
  /** Turn of each before the first round, not counted. Default `slotMs`; 0 for none. */
  readonly warmUpMs?: number;
  /** Operations of each before its first case, not counted; later cases take some of it. Default 0. */
  readonly warmAfter?: number;
}

export async function race(
  contenders: readonly Contender[],
  options: RaceOptions,
): Promise<readonly Measurement[]> {
  const turns = contenders.map((contender) => ({ contender, slots: [] as Slot[] }));
  const warmUpMs = options.warmUpMs ?? options.slotMs;
  for (const { contender } of turns) if (warmUpMs > 0) await contender.runSlot(warmUpMs);
  for (let round = 0; round < options.rounds; round++) {
    for (const { contender, slots } of turns) slots.push(await contender.runSlot(options.slotMs));
  }
  return turns.map(({ contender, slots }) => summarize(contender, slots));
}

function summarize({ subject, runtime }: Contender, slots: readonly Slot[]): Measurement {
  const rounds = slots.map(({ cpuMicros, operations }) => cpuMicros / operations);
  return {
    subject,
    runtime,
    cpuMicrosPerOp: median(rounds),
    opsPerSecond: median(slots.map(({ operations, wallMicros }) => (operations * 1e6) / wallMicros)),
    p50Micros: median(slots.map(({ p50Micros }) => p50Micros)),
    p99Micros: median(slots.map(({ p99Micros }) => p99Micros)),
    rounds,
  };
}

/** How many times one costs the other, round by round: median, and what four rounds of five lie between. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function compareRounds(of: Measurement, to: Measurement): Ratio {
  const ratios = of.rounds.map((cpu, round) => cpu / (to.rounds[round] ?? Number.NaN));
  return pickRatio(ratios);
}

function pickRatio(ratios: readonly number[]): Ratio {
  const sorted = ratios.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}
