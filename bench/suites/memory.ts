import type { CaseResult } from "../bench-row.ts";
import { type RunningSubject, startSubject } from "../in-process/start-subject.ts";
import type { JudgeCase } from "../in-process/subject-messages.ts";
import type { SubjectVariant } from "../in-process/subject-table.ts";
import { race } from "../measure/race.ts";
import { type BenchContext, CIRCULATING, IN_PROCESS_RACES, type Suite } from "./suite.ts";

const OURS: SubjectVariant = { subject: "countersign", module: "countersign", isCached: true };
const PEER: SubjectVariant = { subject: "fast-jwt", module: "fast-jwt", isCached: true };
const FLOOR: SubjectVariant = { subject: "floor", module: "fresh-string" };

const VALIDATIONS = { full: 1_000_000, quick: 100_000, tiny: 500 } as const;
/** Before the first reading: code is compiled and tables have grown by then. */
const SETTLING_SHARE = 0.1;
/** Far fewer than tokens circulate: something is forgotten for most of what is new. */
const FEW_ENTRIES = { full: 2000, quick: 2000, tiny: 10 } as const;

export const MEMORY_SUITE: Suite = {
  name: "memory",
  title: "What a remembered token takes, and whether the heap stays as it is (bytes, after a collection)",
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  yield await measureEntries(context);
  yield* measureGrowth(context);
}

/** Bytes are those of an entry less those of its token, which ours keeps whole and others as a hash. */
async function measureEntries({ speed, tokens }: BenchContext): Promise<CaseResult> {
  const count = CIRCULATING[speed];
  const { path, bytes: tokenBytes } = await tokens.sign("ES256", count);
  const judgeCase: JudgeCase = {
    key: tokens.key("ES256").verification,
    cacheEntries: count,
    tokenFile: path,
    order: "cycle",
    expected: true,
  };
  const measurements: CaseResult["measurements"][number][] = [];
  for (const variant of [FLOOR, OURS, PEER]) {
    const subject = await startSubject(variant);
    try {
      // The first time compiles, the second is read.
      await fill(subject, judgeCase, count);
      const heapBytes = await fill(subject, judgeCase, count);
      const measured = await race([subject], IN_PROCESS_RACES[speed]);
      const bytes = Math.round(heapBytes / count - (variant === FLOOR ? 0 : tokenBytes));
      measurements.push(...measured.map((measurement) => ({ ...measurement, bytes })));
    } finally {
      subject.close();
    }
  }
  return { suite: "memory", name: "entry beyond its token", bytesAre: "an entry", measurements };
}

async function fill(subject: RunningSubject, judgeCase: JudgeCase, count: number): Promise<number> {
  await subject.prepare(judgeCase);
  const empty = await subject.judge(0);
  // Some remember a token only once it comes again.
  const full = await subject.judge(count * 4);
  return full.heapBytes - empty.heapBytes;
}

async function* measureGrowth({ speed, tokens }: BenchContext): AsyncIterable<CaseResult> {
  const validations = VALIDATIONS[speed];
  const { path } = await tokens.sign("RS256", CIRCULATING[speed]);
  const judgeCase: JudgeCase = {
    key: tokens.key("RS256").verification,
    cacheEntries: FEW_ENTRIES[speed],
    tokenFile: path,
    order: "zipf",
    expected: true,
  };
  const subjects: RunningSubject[] = [];
  try {
    for (const variant of [FLOOR, OURS]) subjects.push(await startSubject(variant));
    const settling = validations * SETTLING_SHARE;
    for (const subject of subjects) await subject.prepare(judgeCase);
    for (const [name, operations] of [
      ["heap, settled", settling],
      [`heap after ${validations}`, validations - settling],
    ] as const) {
      const readings: number[] = [];
      for (const subject of subjects) readings.push((await subject.judge(operations)).heapBytes);
      const measured = await race(subjects, IN_PROCESS_RACES[speed]);
      const measurements = measured.map((measurement, index) => ({
        ...measurement,
        bytes: readings[index] ?? Number.NaN,
      }));
      yield { suite: "memory", name, bytesAre: "of heap", measurements };
    }
  } finally {
    for (const subject of subjects) subject.close();
  }
}
