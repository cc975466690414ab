import type { Measurement } from "./measure/race.ts";

/** One line of the JSON form. */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  /** "countersign", "floor" or the peer's package or program, a variant in brackets. */
  readonly subject: string;
  /** Program and version. */
  readonly runtime: string;
  /** User and system time of every thread and process of the subject, in microseconds. */
  readonly cpuMicrosPerOp: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Of a token where tokens are judged, of a memory's entry or a bundle where the case says so, else resident memory. */
  readonly bytes?: number;
}

/** What all subjects of one case gave. */
export interface CaseResult {
  readonly suite: string;
  readonly name: string;
  /** Said to people beside the name. */
  readonly note?: string;
  /** What the bytes are of, where people are told: "an entry", "resident". Default they are not told. */
  readonly bytesAre?: string;
  readonly measurements: readonly (Measurement & { readonly bytes?: number })[];
}

export function toRows({ suite, name, measurements }: CaseResult): readonly BenchRow[] {
  return measurements.map(({ subject, runtime, rounds: _, ...figures }) => ({
    suite,
    case: name,
    subject,
    runtime,
    ...figures,
  }));
}
