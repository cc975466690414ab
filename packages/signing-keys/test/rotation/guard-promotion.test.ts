import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  findActive,
  findKey,
  guardPromotion,
  type KeyManager,
  listNext,
  prepareGuard,
  promoteKey,
  publishKey,
  removeKey,
  startKeys,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, type SampleKeys } from "../kit/sample-keys.ts";
import { ScriptedVerifier } from "../kit/scripted-verifier.ts";

const BUDGET = { intervalMs: 10, leastValidations: 100, failureShare: 0.01 };

interface Promoted {
  readonly keys: SampleKeys;
  readonly manager: KeyManager;
  readonly first: string;
  readonly second: string;
  readonly verifier: ScriptedVerifier;
}

async function promoteOne(before: {
  accepted: number;
  keyFailures: number;
}): Promise<Promoted & { readonly guard: Awaited<ReturnType<typeof prepareGuard>> }> {
  const keys = createSample();
  const { manager } = keys;
  const { ledger } = await startKeys(manager, SAMPLE_OPTIONS);
  const first = findActive(ledger)?.keyId ?? "";
  const second = listNext(ledger)[0]?.keyId ?? "";
  const { keyId: third } = await manager.generate();
  await manager.apply((current, context) => publishKey(current, { ...context, keyId: third }));
  const verifier = new ScriptedVerifier("one");
  verifier.counts = before;
  const guard = await prepareGuard(SAMPLE_OPTIONS.issuer, [verifier]);
  keys.seconds = 1000;
  await manager.apply((current, context) => promoteKey(current, { ...context, keyId: second }));
  return { keys, manager, first, second, verifier, guard };
}

describe("a key that began to sign", () => {
  it("is taken back where more than the budget fails since then, and its tokens stay good", async () => {
    const { manager, verifier, guard, first, second } = await promoteOne({ accepted: 1000, keyFailures: 0 });
    verifier.counts = { accepted: 1097, keyFailures: 3 };
    const outcome = await guardPromotion({
      manager,
      verifiers: [verifier],
      guard,
      budget: BUDGET,
      watchMs: 0,
    });
    assert.deepEqual([outcome.isRolledBack, outcome.accepted, outcome.keyFailures], [true, 97, 3]);
    const ledger = await manager.read();
    assert.equal(findActive(ledger)?.keyId, first);
    assert.equal(findKey(ledger, second)?.state, "retiring");
    assert.match(ledger.history.at(-1)?.reason ?? "", /3\.0 % of validations failed/);
  });

  it("stays where the failures are within the budget, are the usual ones, or are too few to tell", async () => {
    for (const [before, since] of [
      [
        { accepted: 1000, keyFailures: 0 },
        { accepted: 1990, keyFailures: 10 },
      ],
      [
        { accepted: 900, keyFailures: 100 },
        { accepted: 1800, keyFailures: 200 },
      ],
      [
        { accepted: 1000, keyFailures: 0 },
        { accepted: 1089, keyFailures: 10 },
      ],
    ] as const) {
      const { manager, verifier, guard, second } = await promoteOne(before);
      verifier.counts = since;
      const { isRolledBack } = await guardPromotion({
        manager,
        verifiers: [verifier],
        guard,
        budget: BUDGET,
        watchMs: 20,
      });
      assert.equal(isRolledBack, false, JSON.stringify(since));
      assert.equal(findActive(await manager.read())?.keyId, second);
    }
  });

  it("stays where nothing can go back: the key before has left the JWKS", async () => {
    const { keys, manager, verifier, guard, first, second } = await promoteOne({
      accepted: 0,
      keyFailures: 0,
    });
    keys.seconds = 3000;
    await manager.apply((current, context) => removeKey(current, { ...context, keyId: first }));
    verifier.counts = { accepted: 0, keyFailures: 1000 };
    const { isRolledBack } = await guardPromotion({
      manager,
      verifiers: [verifier],
      guard,
      budget: BUDGET,
      watchMs: 0,
    });
    assert.equal(isRolledBack, false);
    assert.equal(findActive(await manager.read())?.keyId, second);
  });

  it("is judged by what a verifier counted since it began anew", async () => {
    const { manager, verifier, guard } = await promoteOne({ accepted: 5000, keyFailures: 0 });
    verifier.counts = { accepted: 50, keyFailures: 150 };
    const { isRolledBack, keyFailures } = await guardPromotion({
      manager,
      verifiers: [verifier],
      guard,
      budget: BUDGET,
      watchMs: 0,
    });
    assert.deepEqual([isRolledBack, keyFailures], [true, 150]);
  });
});
