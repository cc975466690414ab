import { type InProcessCase, raceSubjects } from "../in-process/race-subjects.ts";
import type { JudgeCase } from "../in-process/subject-messages.ts";
import { REFUSE_SUBJECTS } from "../in-process/subject-table.ts";
import type { TokenOptions } from "../tokens/sign-tokens.ts";
import { type BenchContext, IN_PROCESS_RACES, type Suite } from "./suite.ts";

const ALGORITHM = "RS256";
const TOKENS = { full: 500, quick: 200, tiny: 4 } as const;
/** Never the same twice, in all rounds together. */
const FORGED = { full: 40_000, quick: 20_000, tiny: 1000 } as const;
/** They were set up with a key, not with a set of keys: no key is missing there. */
const WITHOUT_KEY_SETS = ["fast-jwt", "jsonwebtoken"];

interface RefuseCase {
  readonly name: string;
  readonly tokens: readonly string[];
  readonly order?: JudgeCase["order"];
  readonly expected?: boolean;
  readonly without?: readonly string[];
}

export const REFUSE_SUITE: Suite = {
  name: "refuse",
  title:
    "Refusals (RS256) beside an acceptance; the floor only makes the string; a peer that throws is caught",
  run: (context) => {
    const race = { suite: "refuse", subjects: REFUSE_SUBJECTS, options: IN_PROCESS_RACES[context.speed] };
    return raceSubjects(race, createCases(context));
  },
};

async function* createCases(context: BenchContext): AsyncIterable<InProcessCase> {
  const key = context.tokens.key(ALGORITHM).verification;
  for (const { name, tokens, order = "cycle", expected = false, without } of await describeCases(context)) {
    const file = context.tokens.write(tokens);
    yield {
      name,
      bytes: file.bytes,
      // Acceptances are not to be found in a memory here: it is what bad signatures are compared with.
      judgeCase: { key, cacheEntries: expected ? 0 : 10_000, tokenFile: file.path, order, expected },
      ...(without === undefined ? {} : { without }),
    };
  }
}

async function describeCases({ tokens, speed }: BenchContext): Promise<readonly RefuseCase[]> {
  const sign = async (options: TokenOptions = {}): Promise<readonly string[]> =>
    (await tokens.sign(ALGORITHM, TOKENS[speed], options)).tokens;
  const now = Math.floor(Date.now() / 1000);
  const good = await sign();
  return [
    { name: "accepted", tokens: good, expected: true },
    { name: "malformed", tokens: good.map((token) => token.replaceAll(".", "-")) },
    { name: "oversize", tokens: good.map((token) => token + "A".repeat(20_000)) },
    {
      name: "expired",
      tokens: await sign({ claims: { exp: now - 3600, iat: now - 7200, nbf: now - 7200 } }),
    },
    { name: "wrong audience", tokens: await sign({ claims: { aud: "https://other.example.com" } }) },
    { name: "wrong issuer", tokens: await sign({ claims: { iss: "https://other.example.com/" } }) },
    { name: "algorithm none", tokens: await sign({ header: { alg: "none" } }) },
    {
      name: "unknown kid",
      tokens: await sign({ header: { kid: "unknown-key" } }),
      without: WITHOUT_KEY_SETS,
    },
    { name: "bad signature", tokens: forgeSignatures(good, FORGED[speed]), order: "once" },
    { name: "bad signature again", tokens: forgeSignatures(good, 1), order: "single" },
  ];
}

/** Each with a signature of its own, well formed and wrong. */
function forgeSignatures(tokens: readonly string[], count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const token = tokens[index % tokens.length] ?? "";
    const changed = (index + 1).toString(36).padStart(8, "A");
    const at = token.lastIndexOf(".") + 1;
    return token.slice(0, at) + changed + token.slice(at + changed.length);
  });
}
