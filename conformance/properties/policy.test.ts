import assert from "node:assert/strict";
import { test } from "node:test";
import { type AlgorithmName, createValidator, type IssuerOptions, type Validator } from "countersign";
import fc from "fast-check";
import { fuzzRuns } from "../kit/fuzz-runs.ts";
import { FUZZ_ALGORITHMS, fuzzedToken, fuzzKeys } from "../kit/fuzzed-token.ts";
import { AUDIENCE, describeIssuer, ISSUER, NOW_SECONDS } from "../kit/scene.ts";
import { createSigningKey } from "../kit/signing-key.ts";

/** Everything that a configuration grants. */
interface Grants {
  readonly issuers: readonly string[];
  readonly algorithms: readonly AlgorithmName[];
  readonly keys: readonly number[];
  readonly audiences: readonly string[];
  readonly types: readonly string[];
}

/** Few enough keys of one algorithm to be tried without kid, and no kid twice: ambiguity is refused on purpose. */
const KEYS = [
  ...fuzzKeys(),
  createSigningKey("ES256", { keyId: "second" }),
  createSigningKey("ES256", { keyId: "third" }),
];

const ALL: Grants = {
  issuers: [ISSUER, "https://issuer.example", "https://evil.example/"],
  algorithms: [...FUZZ_ALGORITHMS, "EdDSA", "PS256"],
  keys: KEYS.map((_, index) => index),
  audiences: [AUDIENCE, `${AUDIENCE}/`, "x"],
  types: ["at+jwt", "JWT", "dpop+jwt"],
};

function createFor({ issuers, algorithms, keys, audiences, types }: Grants): Validator | undefined {
  const describe = (issuer: string, index: number): IssuerOptions =>
    describeIssuer({
      keys: KEYS.filter((_, position) => keys.includes(position)),
      algorithms,
      issuer: { issuer, name: `i${index}`, audiences, types },
    });
  try {
    return createValidator({ issuers: issuers.map(describe), clock: () => NOW_SECONDS * 1000 });
  } catch {
    // Nothing left of what an issuer needs: that accepts nothing either.
    return undefined;
  }
}

/** Most of what there is: a configuration that grants next to nothing shows nothing. */
const subset = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
  fc.subarray([...items], { minLength: items.length - 1 });

const grants: fc.Arbitrary<Grants> = fc.record({
  issuers: subset(ALL.issuers),
  algorithms: subset(ALL.algorithms),
  keys: subset(ALL.keys),
  audiences: subset(ALL.audiences),
  types: subset(ALL.types),
});

function withoutOne(
  { list, at }: { readonly list: keyof Grants; readonly at: number },
  from: Grants,
): Grants {
  const items = from[list] as readonly unknown[];
  return { ...from, [list]: items.filter((_, index) => index !== at % items.length) };
}

const removal = fc.record({
  list: fc.constantFrom<keyof Grants>("issuers", "algorithms", "keys", "audiences", "types"),
  at: fc.nat(4),
});

test("N5 taking an issuer, algorithm, key, audience or type away never lets a refused token pass", () => {
  const tokensEach = 20;
  const counts = { stillAccepted: 0, nowRefused: 0 };
  fc.assert(
    fc.property(
      grants,
      removal,
      fc.array(fuzzedToken, { minLength: tokensEach, maxLength: tokensEach }),
      (all, taken, tokens) => {
        const [wide, narrow] = [createFor(all), createFor(withoutOne(taken, all))];
        for (const token of tokens) {
          const before = wide?.validateSync(token).ok === true;
          const after = narrow?.validateSync(token).ok === true;
          assert.ok(before || !after, "a narrower configuration accepts what the wider one refuses");
          if (after) counts.stillAccepted++;
          else if (before) counts.nowRefused++;
        }
      },
    ),
    { numRuns: Math.ceil(fuzzRuns(2000) / tokensEach) },
  );
  // Usually fifty of each: with none of them the property would have shown nothing.
  for (const count of Object.values(counts)) assert.ok(count > 3, JSON.stringify(counts));
});
