/** Judges for a while and says what it cost: runs in the subject's own process. */

import { quantile } from "../measure/quantile.ts";
import type { Slot } from "../measure/race.ts";
import type { JudgeAt } from "./subject.ts";

export interface LoopOptions {
  readonly judgeAt: JudgeAt;
  /** Gives the next token's index, or undefined where there is none left. */
  readonly next: () => number | undefined;
  /** What must be answered for every token; a wrong answer ends the run. */
  readonly expected: boolean;
  readonly slotMs: number;
  /** Judgements under way at the same time. */
  readonly inFlight: number;
}

/** A look at the clock costs what a cheap refusal does: one of so many operations is timed on its own. */
const BATCH = 16;

/** @throws Error for a wrong answer, and where there was no token left at all. */
export async function runLoop(options: LoopOptions): Promise<Slot> {
  const samples: number[] = [];
  let operations = 0;
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  do {
    const judged = await runBatch(options, samples);
    operations += judged;
    if (judged === 0) break;
  } while (performance.now() - startedMs < options.slotMs);
  const wallMicros = (performance.now() - startedMs) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (operations === 0) throw new Error("there was no token left to judge");
  const timed = { p50Micros: quantile(samples, 0.5), p99Micros: quantile(samples, 0.99) };
  return { operations, cpuMicros: user + system, wallMicros, ...timed };
}

async function runBatch(options: LoopOptions, samples: number[]): Promise<number> {
  if (options.inFlight > 1) return await runTogether(options, samples);
  const { judgeAt, next, expected } = options;
  let judged = 0;
  const beganMs = performance.now();
  for (; judged < BATCH; judged++) {
    const index = next();
    if (index === undefined) return judged;
    const answer = judgeAt(index);
    // Only what is a promise is waited for: synchronous subjects are not charged for a turn of the loop.
    const passed = typeof answer === "boolean" ? answer : await answer;
    if (passed !== expected) throw new Error(`token ${index}: ${passed} instead of ${expected}`);
    if (judged === 0) samples.push((performance.now() - beganMs) * 1000);
  }
  return judged;
}

async function runTogether(options: LoopOptions, samples: number[]): Promise<number> {
  const { judgeAt, next, expected, inFlight } = options;
  let judged = 0;
  const work = async (): Promise<void> => {
    for (let turn = 0; turn < BATCH; turn++) {
      const index = next();
      if (index === undefined) return;
      const beganMs = performance.now();
      const passed = await judgeAt(index);
      if (turn === 0) samples.push((performance.now() - beganMs) * 1000);
      if (passed !== expected) throw new Error(`token ${index}: ${passed} instead of ${expected}`);
      judged += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return judged;
}
