import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkKeyUse } from "../../src/keys/check-key-use.ts";
import { KeyProblem } from "../../src/keys/key-problem.ts";

function outcomeOf(members: { use?: unknown; key_ops?: unknown }): string {
  try {
    checkKeyUse({ use: members.use, key_ops: members.key_ops });
    return "passes";
  } catch (error) {
    assert.ok(error instanceof KeyProblem);
    return `${error.exclusion}: ${error.message}`;
  }
}

describe("the use of a key", () => {
  test("lets it verify where nothing is said, or signatures are meant", () => {
    const good = [
      {},
      { use: "sig" },
      { key_ops: ["verify"] },
      { key_ops: ["sign", "verify"] },
      { use: "sig", key_ops: ["verify"] },
      { use: "sig", key_ops: ["verify", "https://example.com/op"] },
    ];
    for (const members of good) assert.equal(outcomeOf(members), "passes", JSON.stringify(members));
  });

  test("makes it ignored where it is for something else", () => {
    assert.equal(outcomeOf({ use: "enc" }), 'ignored: "use" is "enc", not "sig"');
    assert.equal(outcomeOf({ use: "SIG" }), 'ignored: "use" is "SIG", not "sig"');
    assert.equal(outcomeOf({ use: "" }), 'ignored: "use" is "", not "sig"');
    for (const key_ops of [[], ["sign"], ["encrypt"], ["wrapKey", "unwrapKey"], ["Verify"]]) {
      assert.equal(outcomeOf({ key_ops }), 'ignored: "key_ops" lacks "verify"');
    }
    assert.equal(outcomeOf({ use: "enc", key_ops: ["encrypt"] }), 'ignored: "use" is "enc", not "sig"');
  });

  test("makes it refused where use and key_ops contradict each other, or key_ops itself", () => {
    const contradiction = 'refused: "use" and "key_ops" contradict each other';
    assert.equal(outcomeOf({ use: "sig", key_ops: ["encrypt"] }), contradiction);
    assert.equal(outcomeOf({ use: "enc", key_ops: ["verify"] }), contradiction);
    assert.equal(
      outcomeOf({ key_ops: ["sign", "encrypt"] }),
      'refused: "key_ops" mixes signing with encryption',
    );
    for (const operation of ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"]) {
      const key_ops = ["verify", operation];
      assert.equal(outcomeOf({ key_ops }), 'refused: "key_ops" mixes signing with encryption', operation);
    }
  });

  test("makes it refused where an operation is named twice", () => {
    assert.equal(outcomeOf({ key_ops: ["verify", "verify"] }), 'refused: "key_ops" names an operation twice');
  });

  test("makes it refused where a member has the wrong type", () => {
    for (const use of [null, 1, true, ["sig"], { sig: 1 }]) {
      assert.equal(outcomeOf({ use }), 'refused: "use" must be a string');
    }
    for (const key_ops of [
      null,
      "verify",
      { 0: "verify", length: 1 },
      new Array(33).fill("x"),
      [1],
      ["verify", null],
      [["verify"]],
    ]) {
      assert.match(outcomeOf({ key_ops }), /^refused: "key_ops" must be an array of at most 32 strings/);
    }
    assert.equal(
      outcomeOf({ key_ops: ["verify", ...Array.from({ length: 31 }, (_, at) => `x${at}`)] }),
      "passes",
    );
  });
});
