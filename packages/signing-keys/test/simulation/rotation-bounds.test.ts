import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { KeyRecord } from "@countersign/signing-keys";
import fc from "fast-check";
import { MemoryBackend } from "../kit/memory-backend.ts";
import { schedules } from "./schedule.ts";
import { countRefusals, type Patience, runRotation } from "./world.ts";

const SCHEDULES = 10_000;
const SEED = 20_260_105;

describe("10,000 random schedules of publishers, CDNs, caches, signers and clocks", () => {
  let keys: readonly [KeyRecord, KeyRecord, KeyRecord];
  before(async () => {
    const backend = new MemoryBackend();
    const make = async (label: string): Promise<KeyRecord> => {
      const { reference, publicJwk } = await backend.generate({ label, algorithm: "ES256" });
      const { keyId, algorithm } = reference;
      return { keyId, label, algorithm, state: "generated", reference, publicJwk, generatedAtMs: 0 };
    };
    keys = [await make("old"), await make("new"), await make("standby")];
  });

  function count(patience: Patience): { promote: number; remove: number } {
    const refused = { promote: 0, remove: 0 };
    for (const schedule of fc.sample(schedules, { numRuns: SCHEDULES, seed: SEED })) {
      const { promote, remove } = countRefusals(schedule, runRotation(schedule.timing, { keys, patience }));
      refused.promote += promote;
      refused.remove += remove;
    }
    return refused;
  }

  it("refuse no good token where each step waits for its bound", () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const rotation = runRotation(schedule.timing, { keys, patience: { promote: 1, remove: 1 } });
        assert.deepEqual(countRefusals(schedule, rotation), { promote: 0, remove: 0 });
      }),
      { numRuns: SCHEDULES, seed: SEED },
    );
  });

  it("refuse some where a key signs two percent before its bound", () => {
    const { promote, remove } = count({ promote: 0.98, remove: 1 });
    assert.ok(promote > 0, `${promote} refused`);
    assert.equal(remove, 0);
  });

  it("refuse some where a key leaves two percent before its bound", () => {
    const { promote, remove } = count({ promote: 1, remove: 0.98 });
    assert.ok(remove > 0, `${remove} refused`);
    assert.equal(promote, 0);
  });
});
