/** Runs contenders in turn, A B C A B C, so that a machine whose speed drifts is unfair to nobody. */

import type { Judge } from "./subjects.ts";

export interface Contender {
  readonly subject: string;
  readonly judge: Judge;
  readonly tokens: readonly string[];
  /** What the judge must answer for every token; a wrong answer ends the run. */
  readonly expected: boolean;
}

export interface Measurement {
  readonly subject: string;
  /** User and system time of the whole process, all threads; the median of the rounds. */
  readonly cpuMicrosPerOp: number;
  readonly opsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** One figure a round, for pairing. */
  readonly rounds: readonly number[];
}

export interface RaceOptions {
  readonly rounds: number;
  /** Wall time of one contender's turn. */
  readonly slotMs: number;
}

const BATCH = 16;

export async function race(
  contenders: readonly Contender[],
  options: RaceOptions,
): Promise<readonly Measurement[]> {
  const turns = contenders.map((contender) => ({
    contender,
    cpu: [] as number[],
    wall: [] as number[],
    each: [] as number[],
  }));
  for (const { contender } of turns) await runSlot(contender, options.slotMs);
  for (let round = 0; round < options.rounds; round++) {
    for (const turn of turns) {
      const slot = await runSlot(turn.contender, options.slotMs);
      turn.cpu.push(slot.cpuMicrosPerOp);
      turn.wall.push(slot.wallMicrosPerOp);
      turn.each.push(...slot.samples);
    }
  }
  return turns.map(({ contender, cpu, wall, each }) => ({
    subject: contender.subject,
    cpuMicrosPerOp: median(cpu),
    opsPerSecond: 1e6 / median(wall),
    p50Micros: quantile(each, 0.5),
    p99Micros: quantile(each, 0.99),
    rounds: cpu,
  }));
}

interface Slot {
  readonly cpuMicrosPerOp: number;
  readonly wallMicrosPerOp: number;
  /** Wall time of a call, as the mean of each batch: a clock read costs what a cheap refusal does. */
  readonly samples: readonly number[];
}

async function runSlot(contender: Contender, slotMs: number): Promise<Slot> {
  const { judge, tokens } = contender;
  const samples: number[] = [];
  let done = 0;
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  do {
    const before = performance.now();
    for (let index = 0; index < BATCH; index++) {
      const token = tokens[done % tokens.length] as string;
      done++;
      const answer = judge(token);
      // Only what is a promise is waited for: synchronous peers are not charged for a turn of the loop.
      const value = typeof answer === "boolean" ? answer : await answer;
      if (value !== contender.expected) throw new Error(`${contender.subject} gave a wrong answer`);
    }
    samples.push(((performance.now() - before) * 1000) / BATCH);
  } while (performance.now() - started < slotMs);
  const wallMs = performance.now() - started;
  const cpu = process.cpuUsage(cpuBefore);
  return { cpuMicrosPerOp: (cpu.user + cpu.system) / done, wallMicrosPerOp: (wallMs * 1000) / done, samples };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
