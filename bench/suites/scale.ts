import type { CaseResult } from "../bench-row.ts";
import { type InProcessCase, raceSubjects } from "../in-process/race-subjects.ts";
import type { SubjectVariant } from "../in-process/subject-table.ts";
import { createKey, ISSUER, type SigningKey } from "../tokens/key-material.ts";
import { signTokens } from "../tokens/sign-tokens.ts";
import { measureWorkers } from "./scale-workers.ts";
import { type BenchContext, IN_PROCESS_RACES, type Suite } from "./suite.ts";

const ISSUERS = { full: [1, 100, 10_000], quick: [1, 100], tiny: [1, 2] } as const;
const KEYS = { full: [1, 10, 100], quick: [1, 100], tiny: [1, 2] } as const;
const ENTRIES = { full: [100, 1000, 10_000, 100_000], quick: [100, 10_000], tiny: [10] } as const;
const ROUTES = { full: [10, 100, 1000, 10_000], quick: [10, 10_000], tiny: [10] } as const;
const TOKENS = { full: 10_000, quick: 2000, tiny: 20 } as const;

const FLOOR: SubjectVariant = { subject: "floor", module: "fresh-string" };

export const SCALE_SUITE: Suite = {
  name: "scale",
  title:
    "More issuers, keys, entries, routes, workers (HS256, for its signature hides least; the floor makes strings)",
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  const options = IN_PROCESS_RACES[context.speed];
  const verified: SubjectVariant = { subject: "countersign", module: "countersign" };
  const race = { suite: "scale", options };
  yield* raceSubjects({ ...race, subjects: [FLOOR, verified] }, createVerifyCases(context));
  const remembered: SubjectVariant = { ...verified, isCached: true };
  yield* raceSubjects({ ...race, subjects: [FLOOR, remembered] }, createEntryCases(context));
  const routes: SubjectVariant = { subject: "countersign", module: "routes" };
  yield* raceSubjects({ ...race, subjects: [FLOOR, routes] }, createRouteCases(context));
  yield* measureWorkers(context);
}

async function* createVerifyCases({ speed, tokens }: BenchContext): AsyncIterable<InProcessCase> {
  const key = tokens.key("HS256");
  const count = TOKENS[speed];
  for (const issuers of ISSUERS[speed]) {
    const issuerOf = (serial: number): string => describeIssuer(serial % issuers);
    const signed = await signTokens(key, count, { claimsOf: (serial) => ({ iss: issuerOf(serial) }) });
    const { path, bytes } = tokens.write(signed);
    const judgeCase = { ...describeKeys([key]), issuers, tokenFile: path, order: "cycle" } as const;
    yield { name: `issuers ${issuers}`, bytes, judgeCase: { ...judgeCase, cacheEntries: 0, expected: true } };
  }
  for (const size of KEYS[speed]) {
    const keys = Array.from({ length: size }, (_, index) => {
      const created = createKey("HS256");
      return { ...created, verification: { ...created.verification, keyId: `bench-${index}` } };
    });
    const signed = await Promise.all(
      keys.map((each, index) => signTokens(each, Math.ceil(count / size), { firstSerial: index * count })),
    );
    const { path, bytes } = tokens.write(signed.flat());
    const judgeCase = { ...describeKeys(keys), tokenFile: path, order: "cycle", cacheEntries: 0 } as const;
    yield { name: `keys ${size}`, bytes, judgeCase: { ...judgeCase, expected: true } };
  }
}

async function* createEntryCases({ speed, tokens }: BenchContext): AsyncIterable<InProcessCase> {
  for (const entries of ENTRIES[speed]) {
    const { path, bytes } = await tokens.sign("HS256", entries);
    const memory = { cacheEntries: entries, filledWith: entries };
    const judgeCase = { ...describeKeys([tokens.key("HS256")]), ...memory, tokenFile: path } as const;
    yield { name: `entries ${entries}`, bytes, judgeCase: { ...judgeCase, order: "cycle", expected: true } };
  }
}

async function* createRouteCases({ speed, tokens }: BenchContext): AsyncIterable<InProcessCase> {
  for (const routes of ROUTES[speed]) {
    const paths = Array.from({ length: TOKENS[speed] }, (_, serial) => {
      const index = (serial * 7919) % routes;
      return `/area-${index % 100}/service-${index}/items/${serial}`;
    });
    const { path, bytes } = tokens.write(paths);
    const judgeCase = { ...describeKeys([tokens.key("HS256")]), routes, tokenFile: path } as const;
    yield {
      name: `routes ${routes}`,
      bytes,
      judgeCase: { ...judgeCase, order: "cycle", cacheEntries: 0, expected: true },
    };
  }
}

function describeKeys(keys: readonly SigningKey[]) {
  const [key, ...others] = keys.map(({ verification }) => verification);
  if (key === undefined) throw new Error("there must be a key");
  return { key, otherKeys: others };
}

/** As the subject names them. */
function describeIssuer(index: number): string {
  return index === 0 ? ISSUER : `https://idp-${index}.example.com/`;
}
