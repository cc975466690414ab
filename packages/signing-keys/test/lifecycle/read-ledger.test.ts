import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type KeyLedger,
  LedgerUnreadableError,
  readLedger,
  startKeys,
  writeLedger,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS } from "../kit/sample-keys.ts";

describe("reading a ledger back", () => {
  it("gives what was written", async () => {
    const { ledger } = await startKeys(createSample().manager, SAMPLE_OPTIONS);
    assert.deepEqual(readLedger(writeLedger(ledger)), ledger);
  });

  it("refuses what is none, or breaks a rule", async () => {
    const { ledger } = await startKeys(createSample().manager, SAMPLE_OPTIONS);
    const [first, second] = ledger.keys;
    assert.ok(first && second);
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    for (let count = 2; count < 9; count += 1) await sample.manager.generate();
    const nine = (await sample.manager.read()).keys.map((key, index) => {
      return index === 0 ? key : { ...key, state: "next", publishedAtMs: 1 };
    });
    assert.equal(nine.length, 9);
    const broken: readonly (readonly [string, unknown])[] = [
      ["no object", null],
      ["another format", { ...ledger, format: 2 }],
      ["no keys", { ...ledger, keys: undefined }],
      ["version 0", { ...ledger, version: 0 }],
      ["two active keys", { ...ledger, keys: [first, { ...second, state: "active", activatedAtMs: 1 }] }],
      ["none active", { ...ledger, keys: [{ ...first, state: "removed" }, second] }],
      ["one kid twice", { ...ledger, keys: [first, { ...first, label: "other", state: "next" }] }],
      ["a state of its own", { ...ledger, keys: [first, { ...second, state: "ripe" }] }],
      [
        "another key under the kid",
        { ...ledger, keys: [{ ...first, publicJwk: { ...second.publicJwk, kid: first.keyId } }, second] },
      ],
      [
        "a private member",
        { ...ledger, keys: [{ ...first, publicJwk: { ...first.publicJwk, d: "AAAA" } }, second] },
      ],
      ["published since no time", { ...ledger, keys: [first, { ...second, publishedAtMs: undefined }] }],
      [
        "another algorithm",
        { ...ledger, keys: [{ ...first, publicJwk: { ...first.publicJwk, alg: "ES384" } }, second] },
      ],
      ["nine published keys", { ...ledger, keys: nine }],
      ["no timing", { ...ledger, timing: {} }],
    ];
    for (const [what, value] of broken) {
      assert.throws(() => readLedger(writeLedger(value as KeyLedger)), LedgerUnreadableError, what);
    }
    assert.throws(() => readLedger("{"), LedgerUnreadableError);
  });
});
