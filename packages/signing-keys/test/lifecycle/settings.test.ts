import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createLedger,
  findActive,
  findBounds,
  findPromoteTime,
  findRemoveTime,
  listNext,
  startKeys,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, SAMPLE_TIMING, START_MS } from "../kit/sample-keys.ts";

describe("the settings of keys", () => {
  it("refuses what cannot be", () => {
    for (const wrong of [
      { issuer: "" },
      { timing: { staleSeconds: -1 } },
      { timing: { clientCacheSeconds: Number.NaN } },
      { timing: { tokenLifetimeSeconds: 0 } },
      { timing: { leewaySeconds: 31_622_401 } },
      { maxAgeSeconds: 601 },
      { maxAgeSeconds: 0 },
      { retentionSeconds: -1 },
    ]) {
      assert.throws(() => createLedger({ issuer: "https://idp.example.com/", ...wrong }), RangeError);
    }
  });

  it("lets a shorter wait count only once nothing made under the longer one is about", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    sample.seconds = 50;
    const { ledger } = await sample.manager.configure({
      timing: { staleSeconds: 0, tokenLifetimeSeconds: 10 },
    });
    const promoteMs = (nowSeconds: number): number =>
      findBounds(ledger, { nowMs: START_MS + nowSeconds * 1000 }).promote.ms;
    assert.equal(promoteMs(50), 100_000);
    assert.equal(promoteMs(249), 100_000);
    assert.equal(promoteMs(250), 60_000);
    // The key that signed under it keeps the longer life of its tokens.
    const key = findActive(ledger);
    assert.equal(findBounds(ledger, { nowMs: START_MS + 900_000 }).remove.ms, 60_000);
    assert.equal(findBounds(ledger, { nowMs: START_MS + 900_000, key }).remove.ms, 200_000);
  });

  it("lets a longer wait count at once, for keys that wait already too", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    const { ledger } = await sample.manager.configure({ timing: { staleSeconds: 140 } });
    const [next] = listNext(ledger);
    assert.ok(next);
    assert.equal(findPromoteTime(ledger, next, { nowMs: START_MS }), START_MS + 200_000);
  });

  it("keeps a key longer where tokens were measured to be accepted for longer", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    const active = findActive(ledger);
    assert.ok(active);
    const key = { ...active, retiredAtMs: START_MS, removeAtMs: START_MS + 200_000 };
    const measured = { leewaySeconds: 45 };
    assert.equal(findRemoveTime(ledger, key, { nowMs: START_MS, measured }), START_MS + 210_000);
    const late = { ...key, removeAtMs: START_MS + 500_000 };
    assert.equal(findRemoveTime(ledger, late, { nowMs: START_MS, measured }), START_MS + 500_000);
  });

  it("changes nothing where nothing is new", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    const { version } = await sample.manager.read();
    await sample.manager.configure({ timing: SAMPLE_TIMING, algorithm: "ES256" });
    assert.equal((await sample.manager.read()).version, version);
  });

  it("lets what was measured lengthen a wait and never shorten it", async () => {
    const { timing } = createLedger(SAMPLE_OPTIONS);
    const ledger = createLedger({ issuer: "i", timing });
    const measured = { publishSeconds: 25, sharedCacheSeconds: 1 };
    const { promote } = findBounds(ledger, { nowMs: 0, measured });
    assert.equal(promote.ms, 115_000);
    assert.deepEqual(
      promote.terms.map(({ symbol, seconds, source }) => `${symbol} ${seconds} ${source}`),
      ["P 25 measured", "A 20 configured", "C 30 configured", "S 40 configured"],
    );
  });
});
