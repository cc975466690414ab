import assert from "node:assert/strict";
import type { PrimitiveJudgement } from "./judge-primitive.ts";
import type { WycheproofTest } from "./wycheproof-file.ts";

/** How often each judgement was given in a file; written out in the tests, so that no change goes unseen. */
export type Tally = Partial<Record<PrimitiveJudgement, number>>;

/** An expectation that differs from the file's label, and why. */
export interface LabelException {
  readonly expected: "accepted" | "refused";
  readonly reason: string;
}

/** Compares judgements with the file's labels, or with exceptions from them; a needless exception fails as well. */
export class LabelCheck {
  readonly #tally: Tally = {};

  add(vector: WycheproofTest, judgement: PrimitiveJudgement, exception?: LabelException): void {
    const { tcId, comment, result } = vector;
    const labeled = result === "valid" ? "accepted" : "refused";
    const expected = exception?.expected ?? labeled;
    const name = `tcId ${tcId} (${comment}), ${judgement}`;
    // "acceptable" leaves the choice to us, so the choice has to be explained.
    if (result === "acceptable") assert.ok(exception !== undefined, `${name}: say why`);
    else
      assert.ok(
        expected === labeled ? exception === undefined : exception !== undefined,
        `${name}: needless`,
      );
    assert.equal(judgement === "accepted" ? "accepted" : "refused", expected, name);
    this.#tally[judgement] = (this.#tally[judgement] ?? 0) + 1;
  }

  get tally(): Tally {
    return this.#tally;
  }
}

/** For vectors that the file calls valid. */
export function refusedBecause(reason: string): LabelException {
  return { expected: "refused", reason };
}
