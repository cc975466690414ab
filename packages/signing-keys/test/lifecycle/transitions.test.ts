import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  digestRecord,
  findActive,
  type KeyLedger,
  type LedgerStep,
  listNext,
  promoteKey,
  publishKey,
  type RefusalCode,
  removeKey,
  restoreKey,
  revokeKey,
  rollBack,
  startKeys,
  TransitionRefusedError,
  withdrawKey,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, type SampleKeys } from "../kit/sample-keys.ts";

async function start(): Promise<{
  readonly sample: SampleKeys;
  readonly first: string;
  readonly second: string;
}> {
  const sample = createSample();
  const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
  return { sample, first: findActive(ledger)?.keyId ?? "", second: listNext(ledger)[0]?.keyId ?? "" };
}

async function publishAnother({ manager }: SampleKeys): Promise<string> {
  const { keyId } = await manager.generate();
  await manager.apply((ledger, context) => publishKey(ledger, { ...context, keyId }));
  return keyId;
}

function on(
  step: (ledger: KeyLedger, about: Parameters<typeof promoteKey>[1]) => KeyLedger,
  keyId: string,
): LedgerStep {
  return (ledger, context) => step(ledger, { ...context, keyId });
}

function isRefusal(code: RefusalCode, notBeforeSeconds?: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TransitionRefusedError, String(error));
    assert.equal(error.code, code);
    if (notBeforeSeconds !== undefined) {
      assert.equal(error.notBeforeMs, Date.UTC(2026, 0, 5, 8) + notBeforeSeconds * 1000);
    }
    return true;
  };
}

function statesOf(ledger: KeyLedger): readonly string[] {
  return ledger.keys.map(({ state }) => state);
}

describe("the life of keys", () => {
  it("begins with one that signs and one that stands by", async () => {
    const { sample } = await start();
    const ledger = await sample.manager.read();
    assert.deepEqual(statesOf(ledger), ["active", "next"]);
    assert.deepEqual(
      ledger.history.map(({ action, from, to }) => `${action} ${from} ${to}`),
      [
        "generate none generated",
        "publish generated next",
        "promote next active",
        "generate none generated",
        "publish generated next",
      ],
    );
    assert.deepEqual(ledger.pending, []);
  });

  it("lets a key sign G after it was published and not a millisecond before, with another ripe beside it", async () => {
    const { sample, second } = await start();
    sample.seconds = 7;
    await publishAnother(sample);
    sample.seconds = 99.999;
    await assert.rejects(sample.manager.apply(on(promoteKey, second)), isRefusal("too_early", 100));
    sample.seconds = 106.999;
    await assert.rejects(sample.manager.apply(on(promoteKey, second)), isRefusal("no_standby", 107));
    sample.seconds = 107;
    const { ledger } = await sample.manager.apply(on(promoteKey, second));
    assert.deepEqual(statesOf(ledger), ["retiring", "active", "next"]);
  });

  it("keeps a key in the JWKS until H after it signed last", async () => {
    const { sample, first, second } = await start();
    await publishAnother(sample);
    sample.seconds = 100;
    await sample.manager.apply(on(promoteKey, second));
    sample.seconds = 299.999;
    await assert.rejects(sample.manager.apply(on(removeKey, first)), isRefusal("too_early", 300));
    sample.seconds = 300;
    assert.deepEqual(statesOf((await sample.manager.apply(on(removeKey, first))).ledger), [
      "removed",
      "active",
      "next",
    ]);
  });

  it("goes earlier in an emergency only, which needs a reason and is recorded as one", async () => {
    const { sample, second } = await start();
    const step = on(promoteKey, second);
    await assert.rejects(sample.manager.apply(step, { isEmergency: true }), isRefusal("reason_required"));
    const { records } = await sample.manager.apply(step, { isEmergency: true, reason: "HSM is failing" });
    assert.deepEqual(
      records.map(({ action, to, isEmergency, reason }) => ({ action, to, isEmergency, reason })),
      ["retiring", "active"].map((to) => {
        return { action: "promote", to, isEmergency: true, reason: "HSM is failing" };
      }),
    );
  });

  it("does a step once, however often it is asked for", async () => {
    const { sample, first, second } = await start();
    await publishAnother(sample);
    sample.seconds = 100;
    for (const [step, keyId] of [
      [publishKey, second],
      [promoteKey, second],
      [promoteKey, second],
    ] as const) {
      await sample.manager.apply(on(step, keyId));
    }
    const { version } = await sample.manager.read();
    await sample.manager.apply(on(promoteKey, second));
    assert.equal((await sample.manager.read()).version, version);
    sample.seconds = 300;
    for (let count = 0; count < 3; count += 1) await sample.manager.apply(on(removeKey, first));
    for (let count = 0; count < 3; count += 1) {
      await sample.manager.destroy(first, { isEmergency: true, reason: "test" });
    }
    assert.deepEqual(sample.backend.destroyed, [first]);
    assert.equal((await sample.manager.read()).version, version + 2);
  });

  it("destroys the private half only when the time to restore it is over", async () => {
    const { sample, first, second } = await start();
    await publishAnother(sample);
    sample.seconds = 100;
    await sample.manager.apply(on(promoteKey, second));
    await assert.rejects(sample.manager.destroy(first), isRefusal("wrong_state"));
    sample.seconds = 300;
    await sample.manager.apply(on(removeKey, first));
    sample.seconds = 1299.999;
    await assert.rejects(sample.manager.destroy(first), isRefusal("too_early", 1300));
    assert.deepEqual(sample.backend.destroyed, []);
    sample.seconds = 1300;
    assert.deepEqual(statesOf((await sample.manager.destroy(first)).ledger), ["destroyed", "active", "next"]);
  });

  it("goes back to the key before while that is still in the JWKS", async () => {
    const { sample, first, second } = await start();
    await publishAnother(sample);
    sample.seconds = 100;
    await sample.manager.apply(on(promoteKey, second));
    sample.seconds = 120;
    await assert.rejects(sample.manager.apply(on(rollBack, second)), isRefusal("reason_required"));
    const { ledger } = await sample.manager.apply(on(rollBack, second), { reason: "refusals" });
    assert.deepEqual(statesOf(ledger), ["active", "retiring", "next"]);
    assert.equal(findActive(ledger)?.retiredAtMs, undefined);
    assert.equal(findActive(ledger)?.removeAtMs, undefined);
    // What the demoted key signed is good until its end.
    sample.seconds = 319;
    await assert.rejects(sample.manager.apply(on(removeKey, second)), isRefusal("too_early", 320));
    await assert.rejects(
      sample.manager.apply(on(rollBack, first), { reason: "again" }),
      isRefusal("no_successor"),
    );
  });

  it("replaces a revoked key that signs by the ripe one at once, and by an unripe one rather than by none", async () => {
    const { sample, first, second } = await start();
    const third = await publishAnother(sample);
    await assert.rejects(sample.manager.apply(on(revokeKey, first)), isRefusal("reason_required"));
    sample.seconds = 100;
    const fourth = await publishAnother(sample);
    const revoked = await sample.manager.apply(on(revokeKey, first), { reason: "leaked" });
    assert.deepEqual(statesOf(revoked.ledger), ["revoked", "active", "next", "next"]);
    await sample.manager.apply(on(revokeKey, second), { reason: "leaked" });
    await sample.manager.apply(on(revokeKey, third), { reason: "leaked" });
    assert.equal(findActive(await sample.manager.read())?.keyId, fourth);
    await assert.rejects(
      sample.manager.apply(on(revokeKey, fourth), { reason: "leaked" }),
      isRefusal("no_successor"),
    );
  });

  it("brings back a key that went too early, as one that signs no more", async () => {
    const { sample, first, second } = await start();
    await publishAnother(sample);
    sample.seconds = 100;
    await sample.manager.apply(on(promoteKey, second));
    await sample.manager.apply(on(removeKey, first), { isEmergency: true, reason: "by mistake" });
    sample.seconds = 110;
    await assert.rejects(sample.manager.apply(on(restoreKey, first)), isRefusal("reason_required"));
    const { ledger } = await sample.manager.apply(on(restoreKey, first), { reason: "too early" });
    assert.deepEqual(statesOf(ledger), ["retiring", "active", "next"]);
    sample.seconds = 309;
    await assert.rejects(sample.manager.apply(on(removeKey, first)), isRefusal("too_early", 310));
  });

  it("takes a waiting key out of line, but not the last ripe one", async () => {
    const { sample, second } = await start();
    const third = await publishAnother(sample);
    await assert.rejects(sample.manager.apply(on(withdrawKey, second)), isRefusal("no_standby", 100));
    sample.seconds = 100;
    await sample.manager.apply(on(withdrawKey, second));
    await sample.manager.apply(on(removeKey, second));
    assert.deepEqual(statesOf(await sample.manager.read()), ["active", "removed", "next"]);
    await assert.rejects(sample.manager.apply(on(withdrawKey, third)), isRefusal("no_standby"));
  });

  it("says what cannot be done with a key, and that there is none", async () => {
    const { sample, first, second } = await start();
    await assert.rejects(sample.manager.apply(on(promoteKey, "nobody")), isRefusal("unknown_key"));
    await assert.rejects(sample.manager.apply(on(removeKey, first)), isRefusal("wrong_state"));
    await assert.rejects(
      sample.manager.apply(on(rollBack, second), { reason: "x" }),
      isRefusal("wrong_state"),
    );
    await assert.rejects(createSample().manager.read(), isRefusal("not_started"));
  });

  it("never has more than eight keys in the JWKS", async () => {
    const { sample } = await start();
    for (let count = 2; count < 8; count += 1) await publishAnother(sample);
    await assert.rejects(publishAnother(sample), isRefusal("too_many_keys"));
  });

  it("leaves a record of each change that shows where one was altered", async () => {
    const { sample, first } = await start();
    await sample.manager.apply(on(revokeKey, first), { reason: "leaked" });
    const { history } = await sample.manager.read();
    let previous = "";
    for (const [index, { digest, ...record }] of history.entries()) {
      assert.equal(record.sequence, index + 1);
      assert.equal(digest, digestRecord(record, previous));
      assert.notEqual(digest, digestRecord({ ...record, actor: "somebody else" }, previous));
      assert.notEqual(digest, digestRecord(record, `${previous}x`));
      previous = digest;
    }
  });
});
