import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EngineEvent } from "countersign";
import { KeySightings, MAX_KEYS_OF_ISSUER } from "../../src/telemetry/key-sightings.ts";

function accepted(keyId: string | undefined, issuer = "main"): EngineEvent {
  return {
    type: "validation_finished",
    issuer,
    reason: "ok",
    fault: "none",
    algorithm: "ES256",
    keyId,
    remembered: false,
    durationMs: 1,
    signatureMs: undefined,
  };
}

describe("what is seen of keys", () => {
  it("is the last use of each, of tokens that were accepted alone", () => {
    const sightings = new KeySightings();
    sightings.observe(accepted("a"), 10);
    sightings.observe(accepted("a"), 30);
    sightings.observe(accepted("a"), 20);
    sightings.observe(accepted(undefined, "other"), 5);
    sightings.observe({ ...accepted("a"), reason: "token_expired", fault: "client" } as EngineEvent, 40);
    assert.deepEqual(sightings.uses(), [
      { issuer: "main", keyId: "a", atMs: 30 },
      { issuer: "other", keyId: "", atMs: 5 },
    ]);
  });

  it("forgets the key of an issuer that was used longest ago, where there are too many", () => {
    const sightings = new KeySightings();
    for (let index = 0; index < MAX_KEYS_OF_ISSUER; index += 1)
      sightings.observe(accepted(`k${index}`), index);
    sightings.observe(accepted("k0"), 1000);
    sightings.observe(accepted("one more"), 1001);
    const kids = sightings.uses().map(({ keyId }) => keyId);
    assert.equal(kids.length, MAX_KEYS_OF_ISSUER);
    assert.ok(kids.includes("k0") && kids.includes("one more") && !kids.includes("k1"));
  });

  it("is told to another process once, and merged there by the latest", () => {
    const [worker, primary] = [new KeySightings(), new KeySightings()];
    worker.observe(accepted("a"), 10);
    primary.addUses(worker.takeUses());
    assert.deepEqual(worker.takeUses(), []);
    worker.observe(accepted("a"), 20);
    primary.addUses(worker.takeUses());
    primary.addUses([{ issuer: "main", keyId: "a", atMs: 15 }]);
    assert.deepEqual(primary.uses(), [{ issuer: "main", keyId: "a", atMs: 20 }]);
  });

  it("is when keys were last fetched, and how far their source's clock is apart", () => {
    const sightings = new KeySightings();
    const fetched = { type: "keys_fetch_finished", issuer: "main", result: "success" } as EngineEvent;
    sightings.observe(fetched, 10);
    sightings.observe({ ...fetched, result: "http_5xx" } as EngineEvent, 20);
    sightings.observe({ type: "clock_difference_measured", issuer: "main", seconds: 3 }, 21);
    assert.deepEqual(sightings.source("main"), { fetchedAtMs: 10, clockSkewSeconds: 3 });
    assert.deepEqual(sightings.source("none"), { fetchedAtMs: undefined, clockSkewSeconds: undefined });
  });
});
