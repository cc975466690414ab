import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  findActive,
  type Gate,
  type KeyLedger,
  listNext,
  promoteKey,
  rollBack,
  rotateKeys,
  SigningError,
  startKeys,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, type SampleKeys, START_MS } from "../kit/sample-keys.ts";

function statesOf(ledger: KeyLedger): string {
  return ledger.keys.map(({ state }) => state).join(" ");
}

async function start(options?: Parameters<typeof createSample>[0]): Promise<SampleKeys> {
  const sample = createSample(options);
  await startKeys(sample.manager, SAMPLE_OPTIONS);
  return sample;
}

function createGate(status: "open" | "closed" | "unavailable", asked: string[] = []): Gate {
  return {
    name: "verifiers",
    async check({ step }) {
      asked.push(step);
      return { gate: "verifiers", status, detail: "one of two knows it" };
    },
  };
}

describe("rotating keys", () => {
  it("does what is due in each call, and says what is next and when", async () => {
    const sample = await start();
    const rotate = (seconds: number) => {
      sample.seconds = seconds;
      return rotateKeys(sample.manager, { begins: seconds === 1 });
    };
    const first = await rotate(1);
    assert.equal(statesOf(first.ledger), "active next next");
    assert.deepEqual(
      first.records.map(({ action }) => action),
      ["generate", "publish"],
    );
    const [hold] = first.holds;
    assert.ok(hold?.kind === "time");
    // The one that stands by was published later, and has to be ripe too.
    assert.deepEqual([hold.step, hold.notBeforeMs], ["promote", START_MS + 101_000]);
    assert.equal((await rotate(100.9)).records.length, 0);
    assert.equal(statesOf((await rotate(101)).ledger), "retiring active next");
    const waiting = await rotate(300.9);
    assert.deepEqual(
      waiting.holds.map((each) => each.kind === "time" && [each.step, each.notBeforeMs]),
      [["remove", START_MS + 301_000]],
    );
    assert.equal(waiting.isRotating, true);
    const ended = await rotate(301);
    assert.equal(statesOf(ended.ledger), "removed active next");
    assert.equal(ended.isRotating, false);
    assert.equal(statesOf((await rotate(1301)).ledger), "destroyed active next");
    assert.equal((await rotate(9999)).records.length, 0);
  });

  it("holds at a gate that is closed, or that gives no answer, and tells which", async () => {
    const sample = await start();
    await rotateKeys(sample.manager);
    sample.seconds = 100;
    for (const status of ["closed", "unavailable"] as const) {
      const { holds, ledger } = await rotateKeys(sample.manager, {
        gates: [createGate("open"), createGate(status)],
      });
      assert.equal(statesOf(ledger), "active next next");
      const [hold] = holds;
      assert.ok(hold?.kind === "gate");
      assert.deepEqual(
        [hold.step, hold.isUnavailable, hold.gates.length],
        ["promote", status === "unavailable", 2],
      );
    }
    const asked: string[] = [];
    await rotateKeys(sample.manager, { gates: [createGate("open", asked)] });
    sample.seconds = 300;
    const removing = await rotateKeys(sample.manager, { gates: [createGate("closed", asked)] });
    assert.equal(statesOf(removing.ledger), "retiring active next");
    assert.deepEqual(asked, ["promote", "remove"]);
  });

  it("asks the gates again where the keys changed while they were asked", async () => {
    const sample = await start();
    await rotateKeys(sample.manager);
    sample.seconds = 100;
    let asked = 0;
    const gate: Gate = {
      name: "verifiers",
      async check() {
        asked += 1;
        if (asked === 1) await sample.open().configure({ retentionSeconds: 5 });
        return { gate: "verifiers", status: "open", detail: "" };
      },
    };
    const { ledger } = await rotateKeys(sample.manager, { gates: [gate] });
    assert.equal(asked, 2);
    assert.equal(statesOf(ledger), "retiring active next");
  });

  it("leaves a rotation alone that somebody else ended while the gates were asked", async () => {
    const sample = await start();
    const { ledger } = await rotateKeys(sample.manager);
    sample.seconds = 100;
    const keyId = listNext(ledger)[0]?.keyId ?? "";
    const other = sample.open();
    let asked = 0;
    const gate: Gate = {
      name: "verifiers",
      async check() {
        asked += 1;
        if (asked === 1) {
          await other.apply((current, context) => promoteKey(current, { ...context, keyId }));
          await other.apply((current, context) => rollBack(current, { ...context, keyId }), {
            reason: "test",
          });
        }
        return { gate: "verifiers", status: "open", detail: "" };
      },
    };
    const report = await rotateKeys(sample.manager, { gates: [gate] });
    assert.equal(statesOf(report.ledger), "active retiring next");
    assert.equal(report.isRotating, false);
  });

  it("rotates once, however many processes are told to at the same instant", async () => {
    const sample = await start();
    for (const seconds of [1, 101, 301]) {
      sample.seconds = seconds;
      const managers = Array.from({ length: 6 }, () => sample.open());
      const begins = seconds === 1;
      await Promise.all(managers.map((manager) => rotateKeys(manager, { begins })));
    }
    const ledger = await sample.manager.read();
    assert.equal(ledger.history.filter(({ action }) => action === "promote").length, 3);
    assert.equal(ledger.keys.filter(({ state }) => state === "removed").length, 1);
    assert.equal(ledger.rotation, undefined);
    assert.ok(findActive(ledger));
  });

  it("leaves no key without a trace where the back end makes one and its answer is lost", async () => {
    const sample = await start();
    const lost = new SigningError("no answer", { kind: "unavailable", backend: "memory" });
    sample.backend.failing = { error: lost, after: true };
    await assert.rejects(rotateKeys(sample.manager), lost);
    const { pending } = await sample.manager.read();
    assert.equal(pending.length, 1);
    assert.ok(sample.backend.keys.has(pending[0]?.label ?? ""));
    assert.equal(statesOf((await rotateKeys(sample.manager)).ledger), "active next next");
    sample.backend.failing = {
      error: new SigningError("no permission", { kind: "refused", backend: "memory" }),
      after: false,
    };
    await assert.rejects(sample.manager.generate());
    assert.equal((await sample.manager.read()).pending.length, 1);
  });

  it("lets no key sign that the back end cannot sign with", async () => {
    const sample = await start();
    const { ledger } = await rotateKeys(sample.manager);
    sample.seconds = 100;
    sample.backend.keys.delete(listNext(ledger)[0]?.label ?? "");
    await assert.rejects(rotateKeys(sample.manager), SigningError);
    assert.equal(statesOf(await sample.manager.read()), "active next next");
  });

  it("begins none before the active key is as old as asked", async () => {
    const sample = await start();
    sample.seconds = 59;
    assert.equal((await rotateKeys(sample.manager, { minimumAgeSeconds: 60 })).isRotating, false);
    sample.seconds = 60;
    assert.equal((await rotateKeys(sample.manager, { minimumAgeSeconds: 60 })).isRotating, true);
  });

  it("changes nothing on a dry run", async () => {
    const sample = await start();
    const { version } = await sample.manager.read();
    const planned = await sample.manager.configure({ retentionSeconds: 7 }, { isDryRun: true });
    assert.equal(planned.ledger.retentionSeconds, 7);
    assert.equal((await sample.manager.read()).version, version);
  });
});
