import assert from "node:assert/strict";
import type { Worker } from "node:cluster";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";

import { chooseExecArguments } from "../../src/cluster/fork-worker.ts";
import { MAX_EARLY_ENDS, RestartPolicy, STABLE_MS } from "../../src/cluster/restart-policy.ts";
import { chooseWorkerCount } from "../../src/cluster/worker-count.ts";
import { WorkerPool } from "../../src/cluster/worker-pool.ts";
import type { WorkerListener } from "../../src/cluster/worker-process.ts";
import { WorkerProcess } from "../../src/cluster/worker-process.ts";
import { waitFor } from "../kit/wait-for.ts";

const LISTENER: WorkerListener = {
  askKeys: () => [],
  askStatusList: () => undefined,
  recordUses: () => [],
  signAssertions: () => [],
  readAssertionKeys: () => undefined,
  readFeed: () => ({ records: [], head: { position: 0, mark: "" } }),
  awaitFeed: () => undefined,
  report: () => undefined,
  decisions: () => undefined,
  audit: () => undefined,
  log: () => undefined,
};

/** A process that does what it is told, and ends when it is told to. */
class FakeWorker extends EventEmitter {
  static last = 0;
  readonly id: number = ++FakeWorker.last;
  readonly process: EventEmitter & { pid?: number; kill(): void; disconnect(): void };
  #isAlive = true;

  constructor(greets = true) {
    super();
    const end = (code: number | null, signal: string | null): void => {
      if (this.#isAlive) setImmediate(() => this.process.emit("exit", code, signal));
      this.#isAlive = false;
    };
    this.process = Object.assign(new EventEmitter(), {
      kill: () => end(null, "SIGKILL"),
      disconnect: () => end(0, null),
    });
    if (greets) setImmediate(() => this.emit("message", { kind: "tell", topic: "hello", body: {} }));
  }

  isConnected(): boolean {
    return this.#isAlive;
  }

  send(message: { id?: number }, done: () => void): boolean {
    setImmediate(done);
    if (message.id !== undefined) setImmediate(() => this.emit("message", { kind: "reply", id: message.id }));
    return true;
  }

  crash(): void {
    this.process.kill();
  }
}

interface FakePool {
  readonly pool: WorkerPool;
  readonly made: FakeWorker[];
  readonly exits: string[];
  readonly reasons: Error[];
}

function createPool(bringUp: (worker: WorkerProcess) => Promise<void> = () => Promise.resolve()): FakePool {
  const made: FakeWorker[] = [];
  const exits: string[] = [];
  const reasons: Error[] = [];
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const pool = new WorkerPool({
    logger: silent,
    metrics: {
      setWorkers: () => undefined,
      forgetWorker: () => undefined,
      recordWorkerExit: (cause) => void exits.push(cause),
    },
    fork() {
      const worker = new FakeWorker();
      made.push(worker);
      return new WorkerProcess(worker as unknown as Worker, LISTENER);
    },
    async bringUp(worker) {
      await bringUp(worker);
      worker.state = "serving";
    },
    onGivenUp: (reason) => void reasons.push(reason),
  });
  return { pool, made, exits, reasons };
}

describe("the pool of workers", () => {
  it("starts as many as are wanted, and resolves when all serve", async () => {
    const { pool, made } = createPool();
    await pool.start(3);
    assert.deepEqual(pool.count(), { serving: 3, wanted: 3 });
    assert.equal(made.length, 3);
    await pool.stop(100);
    assert.deepEqual(pool.count(), { serving: 0, wanted: 3 });
  });

  it("replaces one that ends, and counts it", async () => {
    const { pool, made, exits } = createPool();
    await pool.start(2);
    made[0]?.crash();
    await waitFor(() => made.length === 3 && pool.count().serving === 2);
    assert.deepEqual(exits, ["crashed"]);
    await pool.stop(100);
    assert.deepEqual(exits, ["crashed"]);
  });

  it("rejects the start with what the first worker that fails says", async () => {
    const { pool } = createPool(() => Promise.reject(new Error("no room")));
    await assert.rejects(pool.start(2), /no room/);
    await pool.stop(100);
  });

  it("gives up with a reason where replacements end again and again, and starts no more", async (t) => {
    let fails = false;
    const { pool, made, reasons, exits } = createPool(() =>
      fails ? Promise.reject(new Error("broken")) : Promise.resolve(),
    );
    await pool.start(1);
    fails = true;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    made[0]?.crash();
    for (let turn = 0; turn < 400 && reasons.length === 0; turn++) {
      for (let i = 0; i < 10; i++) await new Promise(setImmediate);
      t.mock.timers.tick(5000);
    }
    t.mock.timers.reset();
    assert.match(reasons[0]?.message ?? "", /workers end again and again/);
    assert.equal(made.length, MAX_EARLY_ENDS + 1);
    assert.deepEqual(new Set(exits), new Set(["crashed", "failed"]));
    await pool.stop(100);
    assert.equal(reasons.length, 1);
  });

  it("adds and ends workers as another number is wanted, and those are no crashes", async () => {
    const { pool, exits } = createPool();
    await pool.start(2);
    pool.resize(4, 100);
    await waitFor(() => pool.count().serving === 4);
    pool.resize(1, 100);
    await waitFor(() => pool.all.length === 1);
    assert.deepEqual(exits, []);
    await pool.stop(100);
  });

  it("ends and replaces one that has said nothing for half a minute", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { pool, made, exits } = createPool();
    await pool.start(2);
    for (let second = 0; second < 31; second++) {
      made[1]?.emit("message", { kind: "tell", topic: "report", body: {} });
      t.mock.timers.tick(1000);
      if (second === 6) assert.deepEqual(pool.count(), { serving: 1, wanted: 2 });
    }
    t.mock.timers.reset();
    await waitFor(() => made.length === 3 && pool.count().serving === 2);
    assert.deepEqual(exits, ["silent"]);
    await pool.stop(100);
  });
});

describe("when a worker is replaced", () => {
  it("is at once where it had worked, ever later where it had not, and never after too many", () => {
    const policy = new RestartPolicy();
    assert.equal(policy.next(STABLE_MS), 0);
    const delays = Array.from({ length: MAX_EARLY_ENDS }, () => policy.next(0));
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
    assert.equal(policy.next(STABLE_MS - 1), undefined);
    assert.equal(policy.next(STABLE_MS), 0);
    assert.equal(policy.next(0), 100);
  });
});

describe("what a worker is started with", () => {
  it("are node's options for the program, without those that would make it another", () => {
    assert.deepEqual(
      chooseExecArguments([
        "--conditions=@countersign/source",
        "--test",
        "--test-isolation=none",
        "--watch",
        "-e",
        "code",
        "--max-old-space-size=200",
        "-C",
        "x",
        "--print",
        "more",
        "--import",
        "./a.js",
      ]),
      ["--conditions=@countersign/source", "--max-old-space-size=200", "-C", "x", "--import", "./a.js"],
    );
  });

  it("is as many as are said, or one for each core, as far as there is memory for them and a primary", () => {
    assert.equal(chooseWorkerCount(7), 7);
    const machine = { cores: 8, memoryBytes: 0, isNode: true };
    const auto = (changes: Partial<typeof machine>): number =>
      chooseWorkerCount("auto", { ...machine, ...changes });
    assert.equal(auto({}), 8);
    assert.equal(auto({ cores: 500 }), 64);
    const MEBIBYTE = 2 ** 20;
    assert.deepEqual(
      [64, 256, 384, 512, 65_536].map((memory) => auto({ memoryBytes: memory * MEBIBYTE })),
      [1, 1, 2, 3, 8],
    );
    assert.equal(auto({ isNode: false }), 1);
    assert.ok(chooseWorkerCount("auto") >= 1);
  });
});
