/** Runs the cases of a suite, each subject in its own process. */

import type { CaseResult } from "../bench-row.ts";
import { type RaceOptions, race } from "../measure/race.ts";
import { type RunningSubject, startSubject } from "./start-subject.ts";
import type { JudgeCase } from "./subject-messages.ts";
import type { SubjectVariant } from "./subject-table.ts";

export interface InProcessCase {
  readonly name: string;
  readonly note?: string;
  /** Of one token. */
  readonly bytes: number;
  readonly judgeCase: JudgeCase;
  /** Subjects that do not look at what this case is about. Default none. */
  readonly without?: readonly string[];
  /** Default the suite's. */
  readonly options?: RaceOptions;
}

export interface SubjectRace {
  readonly suite: string;
  readonly subjects: readonly SubjectVariant[];
  readonly options: RaceOptions;
}

export async function* raceSubjects(
  { suite, subjects, options }: SubjectRace,
  cases: AsyncIterable<InProcessCase>,
): AsyncIterable<CaseResult> {
  const running: RunningSubject[] = [];
  try {
    for (const variant of subjects) running.push(await startSubject(variant));
    for await (const { name, note, bytes, judgeCase, without = [], options: own = options } of cases) {
      const { warmAfter = 0 } = own;
      const contenders: RunningSubject[] = [];
      for (const subject of running) {
        if (without.includes(subject.subject)) continue;
        if (await subject.prepare({ ...judgeCase, warmAfter })) contenders.push(subject);
      }
      const measurements = (await race(contenders, own)).map((measured) => ({ ...measured, bytes }));
      yield { suite, name, ...(note === undefined ? {} : { note }), measurements };
    }
  } finally {
    for (const subject of running) subject.close();
  }
}
