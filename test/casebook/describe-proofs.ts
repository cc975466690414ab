/** What no request at a gateway shows: the proofs that entries name, each with its test. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASEBOOK, nameEntry } from "../../conformance/casebook/casebook.ts";
import type { ProofLevel } from "../../conformance/casebook/entry.ts";

/** By the entry's number and what it says: "14 refuses to trust the whole internet as a proxy". */
export type Proofs = Readonly<Record<string, () => void | Promise<void>>>;

/** One test for each proof of this level. A proof without a test fails, and so does a test without a proof. */
export function describeProofs(level: ProofLevel, proofs: Proofs): void {
  const wanted = CASEBOOK.flatMap((entry) =>
    entry.proofs
      .filter((proof) => proof.level === level)
      .map(({ says }) => ({ key: `${entry.number} ${says}`, name: `${nameEntry(entry)} ${says}` })),
  );
  describe(`the casebook, at the level of the ${level}`, () => {
    for (const { key, name } of wanted) {
      it(name, () => {
        const prove = proofs[key];
        assert.ok(prove !== undefined, "no test shows it");
        return prove();
      });
    }
    it("has no other proofs than the entries name", () => {
      const keys = new Set(wanted.map(({ key }) => key));
      assert.deepEqual(
        Object.keys(proofs).filter((key) => !keys.has(key)),
        [],
      );
    });
  });
}
