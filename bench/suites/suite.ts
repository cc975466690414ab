import type { BenchRow, CaseResult } from "../bench-row.ts";
import type { RaceOptions } from "../measure/race.ts";
import type { TokenFiles } from "../tokens/token-files.ts";

/** How long a run takes: "full" under ten minutes, "quick" one, "tiny" is for the tests of the benchmark itself. */
export type Speed = "full" | "quick" | "tiny";

export interface BenchContext {
  readonly speed: Speed;
  readonly tokens: TokenFiles;
  /** A temporary folder of this run. */
  readonly folder: string;
  /** Says what is not measured, and why; listed again at the end. */
  skip(what: string, why: string): void;
  /** The same of something that should have run: the run goes on, and fails at its end. */
  fail(what: string, why: string): void;
}

export interface Suite {
  readonly name: BenchRow["suite"];
  /** What is measured, for people. */
  readonly title: string;
  /** Gives each case as soon as it is measured. */
  run(context: BenchContext): AsyncIterable<CaseResult>;
}

/** Tokens in circulation, and what a memory of them may hold. */
export const CIRCULATING: Readonly<Record<Speed, number>> = { full: 10_000, quick: 2000, tiny: 50 };

/**
 * Rounds and slots, in milliseconds. The runtime compiles the larger functions only after ten thousand calls or so;
 * measured earlier, every library costs up to three times what it costs a server that runs for a minute. The short run
 * cannot wait for all of it: its figures are higher.
 */
export const IN_PROCESS_RACES: Readonly<Record<Speed, RaceOptions>> = {
  full: { rounds: 5, slotMs: 100, warmUpMs: 100, warmAfter: 20_000 },
  quick: { rounds: 3, slotMs: 30, warmUpMs: 30, warmAfter: 6000 },
  tiny: { rounds: 1, slotMs: 2, warmUpMs: 2 },
};

export const SERVER_RACES: Readonly<Record<Speed, RaceOptions>> = {
  full: { rounds: 3, slotMs: 1000 },
  quick: { rounds: 1, slotMs: 500 },
  tiny: { rounds: 1, slotMs: 50, warmUpMs: 20 },
};
