import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASEBOOK, nameEntry } from "../../conformance/casebook/casebook.ts";

const ENTRY_COUNT = 52;
/** Goes down with every version that gets what an entry is about. */
const NOT_APPLICABLE = [37];

describe("the casebook as a whole", () => {
  it("has every entry once, in order, each with a source and a sentence", () => {
    assert.deepEqual(
      CASEBOOK.map(({ number }) => number),
      Array.from({ length: ENTRY_COUNT }, (_, index) => index + 1),
    );
    for (const entry of CASEBOOK) {
      assert.ok(
        entry.sources.every((source) => source !== ""),
        nameEntry(entry),
      );
      assert.match(entry.lesson, /^[A-Z].{30,}\.$/, nameEntry(entry));
    }
  });

  it("shows every entry by a probe or a proof, but for those that it says it cannot", () => {
    const shown = CASEBOOK.filter(({ probes, proofs }) => probes.length + proofs.length > 0);
    const unshown = CASEBOOK.filter((entry) => !shown.includes(entry));
    assert.deepEqual(
      unshown.map(({ number }) => number),
      NOT_APPLICABLE,
    );
    assert.ok(unshown.every(({ notApplicable = "" }) => notApplicable.length > 20));
    assert.ok(shown.every(({ notApplicable }) => notApplicable === undefined));
  });

  it("tries nothing twice within an entry", () => {
    for (const entry of CASEBOOK) {
      const tries = entry.probes.map((probe) => probe.tries);
      assert.equal(new Set(tries).size, tries.length, nameEntry(entry));
    }
  });

  for (const entry of CASEBOOK.filter(({ notApplicable }) => notApplicable !== undefined)) {
    const skip = `not applicable in this version: ${entry.notApplicable ?? ""}`;
    it(`${nameEntry(entry)} ${entry.lesson}`, { skip }, () => undefined);
  }
});
