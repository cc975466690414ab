import type { AlgorithmName, Validator } from "countersign";
import { expectClaim, expectEqual, expectReason, expectTrue } from "./expect.ts";
import type { AlgorithmFixture } from "./fixture.ts";
import { FIXTURES } from "./fixtures.generated.ts";
import type { Library, SuiteCase } from "./suite-case.ts";
import { createAlgorithmValidator } from "./suite-validator.ts";

/** Not in every runtime's crypto: absent, they have to be refused when they are configured. */
const OPTIONAL: readonly AlgorithmName[] = ["Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];

/** The validator, or undefined where the runtime lacks the algorithm and the engine says so. */
function createOrExplain(library: Library, fixture: AlgorithmFixture): Validator | undefined {
  try {
    return createAlgorithmValidator(library, fixture);
  } catch (error) {
    if (!(error instanceof library.ConfigurationError)) throw error;
    expectTrue(OPTIONAL.includes(fixture.algorithm), `${fixture.algorithm} on every runtime`);
    const [problem] = error.problems;
    expectEqual(problem?.path, "issuers[0].algorithms[0]", "path");
    expectTrue(problem?.problem.includes(fixture.algorithm) === true, "the algorithm's name in the problem");
    return undefined;
  }
}

function createCases(fixture: AlgorithmFixture): readonly SuiteCase[] {
  const { algorithm } = fixture;
  const refusals = {
    forged: "another key's signature",
    changed: "changed claims",
    short: "a signature cut short",
  };
  return [
    {
      name: `${algorithm}: a sound token is accepted with its claims, or the algorithm is refused as not there`,
      async run(library) {
        const verdict = await createOrExplain(library, fixture)?.validate(fixture.sound);
        if (verdict === undefined) return;
        expectReason(verdict, "ok");
        expectClaim(verdict, ["sub", "user-1"]);
        if (!verdict.ok) return;
        const { keyId, issuer, expiresAt } = verdict.token;
        const found = [keyId, issuer, expiresAt, verdict.token.algorithm];
        const named = library.ALGORITHMS[algorithm].aliasOf ?? algorithm;
        expectEqual(found, [fixture.keyId, "suite", (FIXTURES.nowSeconds + 300) * 1000, named]);
      },
    },
    ...Object.entries(refusals).map(
      ([member, name]): SuiteCase => ({
        name: `${algorithm}: ${name} is refused`,
        async run(library) {
          const token = fixture[member as keyof typeof refusals];
          const verdict = await createOrExplain(library, fixture)?.validate(token);
          if (verdict !== undefined) expectReason(verdict, "signature_invalid");
        },
      }),
    ),
  ];
}

/** Every algorithm of the table with a sound token and three bad signatures. */
export const ALGORITHM_CASES: readonly SuiteCase[] = FIXTURES.algorithms.flatMap(createCases);
