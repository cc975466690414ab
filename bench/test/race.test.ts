import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRounds, race, type Slot } from "../measure/race.ts";

function createContender(subject: string, cpuMicros: readonly number[], log: string[]) {
  let turn = -1;
  return {
    subject,
    runtime: "none",
    async runSlot(slotMs: number): Promise<Slot> {
      log.push(`${subject} ${slotMs}`);
      const cpu = turn < 0 ? 0 : (cpuMicros[turn] ?? 0);
      turn += 1;
      return { operations: 10, cpuMicros: cpu * 10, wallMicros: 100, p50Micros: 9, p99Micros: 11 };
    },
  };
}

test("contenders take turns, and what is for warming up does not count", async () => {
  const log: string[] = [];
  const a = createContender("a", [4, 1, 2], log);
  const b = createContender("b", [8, 4, 2], log);
  const [first, second] = await race([a, b], { rounds: 3, slotMs: 5, warmUpMs: 1 });
  assert.deepEqual(log, ["a 1", "b 1", "a 5", "b 5", "a 5", "b 5", "a 5", "b 5"]);
  assert.deepEqual(first?.rounds, [4, 1, 2]);
  assert.equal(first?.cpuMicrosPerOp, 2);
  assert.equal(first?.opsPerSecond, 100_000);
  assert.equal(second?.cpuMicrosPerOp, 4);
});

test("a ratio is that of the same rounds, not that of the medians", () => {
  const figures = { runtime: "none", opsPerSecond: 1, p50Micros: 1, p99Micros: 1, cpuMicrosPerOp: 1 };
  const of = { ...figures, subject: "of", rounds: [10, 20, 300] };
  const to = { ...figures, subject: "to", rounds: [5, 10, 100] };
  assert.deepEqual(compareRounds(of, to), { median: 2, low: 2, high: 3 });
});
