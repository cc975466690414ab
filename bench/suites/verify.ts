import { type InProcessCase, raceSubjects } from "../in-process/race-subjects.ts";
import { VERIFY_SUBJECTS } from "../in-process/subject-table.ts";
import type { TokenSize } from "../tokens/create-claims.ts";
import { BENCH_ALGORITHMS } from "../tokens/key-material.ts";
import { type BenchContext, IN_PROCESS_RACES, type Suite } from "./suite.ts";

const SIZES: readonly TokenSize[] = [800, 300, 4000];
const TOKENS = { full: 2000, quick: 500, tiny: 4 } as const;

export const VERIFY_SUITE: Suite = {
  name: "verify",
  title: "Every token verified, none remembered: whole validations, and the primitive alone",
  run: (context) => {
    const race = { suite: "verify", subjects: VERIFY_SUBJECTS, options: IN_PROCESS_RACES[context.speed] };
    return raceSubjects(race, createCases(context));
  },
};

async function* createCases({ speed, tokens }: BenchContext): AsyncIterable<InProcessCase> {
  for (const algorithm of BENCH_ALGORITHMS) {
    for (const size of speed === "full" ? SIZES : ([800] as const)) {
      const { path, bytes } = await tokens.sign(algorithm, TOKENS[speed], { size });
      const key = tokens.key(algorithm).verification;
      const judgeCase = { key, cacheEntries: 0, tokenFile: path, order: "cycle", expected: true } as const;
      // What is asked is asked of 800 bytes; the others show how the cost grows, and take a third of the time.
      const options = IN_PROCESS_RACES[size === 800 ? speed : "quick"];
      yield { name: `${algorithm} ${size}`, note: `${bytes} bytes`, bytes, judgeCase, options };
    }
  }
}
