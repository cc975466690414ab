import { expectEqual, expectReason, expectTrue } from "./expect.ts";
import { FIXTURES } from "./fixtures.generated.ts";
import type { SuiteCase } from "./suite-case.ts";
import { createSuiteValidator } from "./suite-validator.ts";

/** Tokens of the corpus, each with its exact reason, by `validate`, `explain` and `verify` alike. */
export const TOKEN_CASES: readonly SuiteCase[] = FIXTURES.tokens.map(({ name, token, expected }) => ({
  name: `${name}: ${expected === "ok" ? "accepted" : `refused with ${expected}`}`,
  async run(library) {
    const validator = createSuiteValidator(library);
    const verdict = await validator.validate(token);
    expectReason(verdict, expected);
    expectReason((await validator.explain(token)).verdict, expected);
    const thrown = await validator.verify(token).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (verdict.ok) {
      expectEqual(thrown, undefined, "thrown");
      return;
    }
    expectTrue(
      thrown instanceof library.TokenRejected && thrown.reason === expected,
      "TokenRejected with the reason",
    );
    const { fault, stage, message } = library.REASONS[verdict.reason];
    expectEqual([verdict.fault, verdict.stage, verdict.message], [fault, stage, message], "the reason's row");
  },
}));
