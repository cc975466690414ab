import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, mock, test } from "node:test";
import { ALGORITHMS, type AlgorithmName } from "../../src/algorithms.ts";
import { ThreadPool } from "../../src/platform/node-thread-pool.ts";

type Place = "inline" | "busy" | "pool";

/** Every algorithm is here, so that a new one is given a place. RSA stands for itself, below. */
const PLACES: Readonly<Record<Exclude<AlgorithmName, `${"RS" | "PS"}${number}`>, Place>> = {
  HS256: "inline",
  HS384: "inline",
  HS512: "inline",
  ES256: "busy",
  ES384: "pool",
  ES512: "pool",
  Ed25519: "busy",
  Ed448: "pool",
  // Keys are never of this name: it is Ed25519 from import on.
  EdDSA: "inline",
  "ML-DSA-44": "busy",
  "ML-DSA-65": "pool",
  "ML-DSA-87": "pool",
};

const RSA: readonly (readonly [modulusBits: number, Place])[] = [
  [2048, "inline"],
  [3064, "inline"],
  [3072, "busy"],
  [4088, "busy"],
  [4096, "pool"],
  [8192, "pool"],
];

/** Runs with a clock and a share of busy time that the test sets. */
function withLoop(run: (loop: { nowMs: number; utilization: number }) => void): void {
  const loop = { nowMs: 1000, utilization: 0 };
  const now = mock.method(performance, "now", () => loop.nowMs);
  const look = mock.method(performance, "eventLoopUtilization", () => ({
    idle: 0,
    active: 0,
    utilization: loop.utilization,
  }));
  try {
    run(loop);
  } finally {
    now.mock.restore();
    look.mock.restore();
  }
}

function findPlace(name: AlgorithmName, signatureBytes: number): Place {
  const takes = { idle: false, busy: false };
  withLoop((loop) => {
    const pool = new ThreadPool();
    for (const [state, utilization] of [
      ["idle", 0.1],
      ["busy", 0.9],
    ] as const) {
      Object.assign(loop, { nowMs: loop.nowMs + 1000, utilization });
      takes[state] = pool.takes(ALGORITHMS[name], signatureBytes);
    }
  });
  if (takes.idle) return "pool";
  return takes.busy ? "busy" : "inline";
}

describe("the thread pool", () => {
  test("takes each algorithm always, when this thread is busy, or never", () => {
    for (const [name, place] of Object.entries(PLACES) as [AlgorithmName, Place][]) {
      assert.equal(findPlace(name, ALGORITHMS[name].signatureBytes ?? 64), place, name);
    }
    for (const algorithm of Object.values(ALGORITHMS)) {
      if (algorithm.keyType !== "RSA") {
        assert.ok(algorithm.name in PLACES, `${algorithm.name} has no place in this table`);
        continue;
      }
      for (const [bits, place] of RSA) {
        assert.equal(findPlace(algorithm.name, bits / 8), place, `${algorithm.name} ${bits}`);
      }
    }
  });

  test("takes this thread to be busy above half of the time since it looked last, and looks ten times a second", () => {
    withLoop((loop) => {
      const pool = new ThreadPool();
      const takesAt = (nowMs: number, utilization: number): boolean => {
        Object.assign(loop, { nowMs, utilization });
        return pool.takes(ALGORITHMS.ES256, 64);
      };
      assert.equal(takesAt(1050, 1), false, "too early to say");
      assert.equal(takesAt(1100, 0.5), false);
      assert.equal(takesAt(1199, 1), false, "the last look counts");
      assert.equal(takesAt(1200, 0.51), true);
      assert.equal(takesAt(1299, 0), true, "the last look counts");
      assert.equal(takesAt(1300, 0), false);
    });
  });

  test("takes no more than 64 at a time, and again one for each that ends", async () => {
    const pool = new ThreadPool();
    const ends: ((error: Error | null, isValid: boolean) => void)[] = [];
    const answers = Array.from({ length: 64 }, () => {
      assert.ok(pool.takes(ALGORITHMS.ES384, 96));
      return pool.run((done) => void ends.push(done));
    });
    assert.equal(pool.takes(ALGORITHMS.ES384, 96), false);
    ends[0]?.(null, true);
    assert.equal(pool.takes(ALGORITHMS.ES384, 96), true);
    ends[1]?.(null, false);
    ends[2]?.(new Error("no memory"), false);
    for (const end of ends.slice(3)) end(null, true);
    assert.deepEqual(await Promise.all([answers[0], answers[1]]), [true, false]);
    await assert.rejects(() => answers[2] as Promise<boolean>, /no memory/);
  });

  test("has room again after what throws at once", async () => {
    const pool = new ThreadPool();
    for (let round = 0; round < 100; round++) {
      const answer = pool.run(() => {
        throw new TypeError("no such key");
      });
      await assert.rejects(answer, /no such key/);
    }
    assert.equal(pool.takes(ALGORITHMS.ES384, 96), true);
  });
});
