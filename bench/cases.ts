/** What is measured of each subject: acceptances by algorithm and size, refusals by reason. */

import type { Contender } from "./race.ts";
import { type Judge, SUBJECTS } from "./subjects.ts";
import {
  BENCH_ALGORITHMS,
  type BenchAlgorithm,
  createClaims,
  createKey,
  padTo,
  signClaims,
} from "./tokens.ts";

export interface BenchCase {
  readonly suite: "verify" | "refuse";
  readonly name: string;
  readonly bytes: number;
  readonly contenders: readonly Contender[];
}

const SIZES = [800, 4000] as const;
const QUICK_SIZES = [800] as const;

/** @param tokenCount Distinct tokens of each case. */
export function createCases(options: {
  readonly quick: boolean;
  readonly tokenCount: number;
}): readonly BenchCase[] {
  const sizes: readonly number[] = options.quick ? QUICK_SIZES : SIZES;
  const cases: BenchCase[] = [];
  for (const algorithm of BENCH_ALGORITHMS) {
    for (const size of sizes) cases.push(createVerifyCase(algorithm, size, options.tokenCount));
  }
  return [...cases, ...createRefuseCases()];
}

function createVerifyCase(algorithm: BenchAlgorithm, size: number, count: number): BenchCase {
  const key = createKey(algorithm);
  const padding = padTo(size, { algorithm, key });
  const tokens = Array.from({ length: count }, (_, serial) =>
    signClaims({ ...createClaims(serial), ...padding }, { algorithm, key }),
  );
  const contenders = SUBJECTS.flatMap(({ name, create }) => {
    const judge = create(algorithm, key);
    return judge === undefined ? [] : [{ subject: name, judge, tokens, expected: true }];
  });
  return { suite: "verify", name: `${algorithm} ${size}`, bytes: tokens[0]?.length ?? 0, contenders };
}

function createRefuseCases(): readonly BenchCase[] {
  const algorithm = "RS256";
  const key = createKey(algorithm);
  const sign = (changes: Record<string, unknown>, header: Record<string, unknown> = {}): string =>
    signClaims({ ...createClaims(1), ...changes }, { algorithm, key, header });
  const good = sign({});
  const now = Math.floor(Date.now() / 1000);
  const rows: readonly (readonly [name: string, token: string])[] = [
    ["malformed", good.replaceAll(".", "-")],
    ["oversize", `${good}${"A".repeat(20_000)}`],
    ["expired", sign({ exp: now - 3600, iat: now - 7200, nbf: now - 7200 })],
    ["wrong audience", sign({ aud: "https://other.example.com" })],
    ["wrong issuer", sign({ iss: "https://other.example.com/" })],
    ["algorithm none", sign({}, { alg: "none" })],
    ["unknown kid", sign({}, { kid: "unknown-key" })],
    ["bad signature", `${good.slice(0, good.lastIndexOf(".") + 1)}${"A".repeat(342)}`],
  ];
  const judges = SUBJECTS.filter(({ name }) => name !== "floor").map(({ name, create }) => ({
    name,
    judge: create(algorithm, key) as Judge,
  }));
  return rows.map(([name, token]) => ({
    suite: "refuse",
    name,
    bytes: token.length,
    contenders: judges
      // Static keys have no kid to miss.
      .filter((subject) => name !== "unknown kid" || !["fast-jwt", "jsonwebtoken"].includes(subject.name))
      .map((subject) => ({ subject: subject.name, judge: subject.judge, tokens: [token], expected: false })),
  }));
}
