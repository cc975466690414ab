import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BoundedCalls } from "../../src/backends/bounded-calls.ts";
import { SigningError } from "../../src/index.ts";
import { expectFailure } from "./kit/expect-failure.ts";

const fault = (kind: SigningError["kind"]): SigningError =>
  new SigningError("test: a fault", { kind, backend: "test" });

describe("calls to a back end", () => {
  it("are tried again after a passing fault, and no more than twice", async () => {
    const calls = new BoundedCalls("test");
    let attempts = 0;
    const answer = await calls.run({
      operation: "sign",
      attempt: () => (++attempts < 3 ? Promise.reject(fault("unavailable")) : Promise.resolve("signed")),
    });
    assert.deepEqual([answer, attempts], ["signed", 3]);
    attempts = 0;
    const failing = calls.run({
      operation: "sign",
      attempt: () => {
        attempts++;
        return Promise.reject(fault("unavailable"));
      },
    });
    await expectFailure(failing, { kind: "unavailable" });
    assert.equal(attempts, 3);
  });

  for (const [why, options] of [
    ["the answer is no", { kind: "refused" }],
    ["they are set up wrong", { kind: "misconfigured" }],
    ["something could be made twice", { kind: "unavailable", repeatable: false }],
  ] as const) {
    it(`are not tried again where ${why}`, async () => {
      let attempts = 0;
      const { kind, ...rest } = options;
      const call = new BoundedCalls("test").run({
        operation: "generate",
        ...rest,
        attempt: () => {
          attempts++;
          return Promise.reject(fault(kind));
        },
      });
      await expectFailure(call, { kind });
      assert.equal(attempts, 1);
    });
  }

  it("end in time, also where the work does not listen", async () => {
    const calls = new BoundedCalls("test", { timeoutMs: 100 });
    let isAborted = false;
    const call = calls.run({
      operation: "sign",
      attempt: (signal) => {
        signal.addEventListener("abort", () => {
          isAborted = true;
        });
        return new Promise(() => undefined);
      },
    });
    await expectFailure(call, { kind: "unavailable", message: /sign: no answer within 100 ms/ });
    assert.equal(isAborted, true);
  });

  it("are so many at once, so many wait, and the next is refused at once", async () => {
    const calls = new BoundedCalls("test", { maxConcurrent: 2, maxQueued: 3 });
    let underWay = 0;
    let most = 0;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const run = (): Promise<void> =>
      calls.run({
        operation: "sign",
        attempt: async () => {
          most = Math.max(most, ++underWay);
          await gate;
          underWay--;
        },
      });
    const taken = Array.from({ length: 5 }, run);
    await expectFailure(run(), { kind: "unavailable", message: /2 calls are under way and 3 wait/ });
    open();
    await Promise.all(taken);
    assert.equal(most, 2);
    await run();
  });

  it("wait for their turn in the time that they have", async () => {
    const calls = new BoundedCalls("test", { timeoutMs: 100, maxConcurrent: 1 });
    const hanging = calls.run({ operation: "sign", attempt: () => new Promise(() => undefined) });
    let attempts = 0;
    const waiting = calls.run({
      operation: "sign",
      attempt: () => {
        attempts++;
        return new Promise(() => undefined);
      },
    });
    await expectFailure(hanging, { kind: "unavailable" });
    await expectFailure(waiting, { kind: "unavailable", message: /no answer within/ });
    assert.ok(attempts <= 1);
    assert.equal(await calls.run({ operation: "sign", attempt: () => Promise.resolve(1) }), 1);
  });

  it("end when the back end is closed, and none begins afterwards", async () => {
    const calls = new BoundedCalls("test");
    const hanging = calls.run({ operation: "sign", attempt: () => new Promise(() => undefined) });
    calls.close();
    await expectFailure(hanging, { kind: "unavailable", message: /closed/ });
    let attempts = 0;
    const late = calls.run({ operation: "sign", attempt: () => Promise.resolve(attempts++) });
    await expectFailure(late, { kind: "unavailable", message: /closed/ });
    assert.equal(attempts, 0);
  });

  it("pass a defect of ours on as it is", async () => {
    const defect = new TypeError("a defect");
    await assert.rejects(
      new BoundedCalls("test").run({ operation: "sign", attempt: () => Promise.reject(defect) }),
      defect,
    );
  });
});
