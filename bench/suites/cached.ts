import { type InProcessCase, raceSubjects } from "../in-process/race-subjects.ts";
import type { JudgeCase } from "../in-process/subject-messages.ts";
import { CACHED_SUBJECTS } from "../in-process/subject-table.ts";
import { type BenchContext, CIRCULATING, IN_PROCESS_RACES, type Suite } from "./suite.ts";

/** Beyond those that fill the memory: what all slots together judge, and then none twice. */
const NEVER_SEEN = { full: 90_000, quick: 30_000, tiny: 2000 } as const;

export const CACHED_SUITE: Suite = {
  name: "cached",
  title: "Repeated tokens, with a memory of as many entries as tokens circulate",
  run: (context) => {
    const race = { suite: "cached", subjects: CACHED_SUBJECTS, options: IN_PROCESS_RACES[context.speed] };
    return raceSubjects(race, createCases(context));
  },
};

async function* createCases(context: BenchContext): AsyncIterable<InProcessCase> {
  const { speed } = context;
  const count = CIRCULATING[speed];
  for (const algorithm of speed === "full" ? (["RS256", "ES256", "HS256"] as const) : (["ES256"] as const)) {
    const key = context.tokens.key(algorithm).verification;
    const { path, bytes } = await context.tokens.sign(algorithm, count);
    const create = (name: string, order: JudgeCase["order"]): InProcessCase => ({
      name: `${algorithm} ${name}`,
      bytes,
      judgeCase: { key, cacheEntries: count, tokenFile: path, order, expected: true, filledWith: count },
    });
    yield create(`zipf over ${count}`, "zipf");
    // What a hit costs is the same for every algorithm.
    if (algorithm === "HS256") continue;
    yield create("one token", "single");
    if (algorithm === "ES256") yield create(`${count} in turn`, "cycle");
  }
  yield await createNeverSeen(context, count);
}

/**
 * What the memory adds where it never helps: no token comes twice, and the memory is full from the start. HS256,
 * because beside its cheap signature the addition is seen best.
 */
async function createNeverSeen({ speed, tokens }: BenchContext, count: number): Promise<InProcessCase> {
  const { path, bytes } = await tokens.sign("HS256", count + NEVER_SEEN[speed], { firstSerial: 1_000_000 });
  const key = tokens.key("HS256").verification;
  return {
    name: "HS256 never seen",
    note: "no token twice",
    bytes,
    judgeCase: {
      key,
      cacheEntries: count,
      tokenFile: path,
      order: "once",
      expected: true,
      filledWith: count,
    },
  };
}
