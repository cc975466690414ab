import assert from "node:assert/strict";
import { test } from "node:test";

import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { type AuditOutput, OutputQueue, UndeliverableError } from "../../src/audit/output-queue.ts";
import { waitFor } from "../kit/wait-for.ts";
import { createEvent } from "./kit.ts";

/** An output that takes batches when it is told to, and fails as it is told. */
class ScriptedOutput implements AuditOutput {
  readonly name = "webhook";
  readonly delivered: AuditEvent[] = [];
  attempts = 0;
  failure: Error | undefined;
  isStuck = false;
  isClosed = false;
  hangsAtClose = false;
  #release: () => void = () => undefined;

  async deliver(events: readonly AuditEvent[]): Promise<void> {
    this.attempts += 1;
    if (this.isStuck) {
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    }
    if (this.failure !== undefined) throw this.failure;
    this.delivered.push(...events);
  }

  release(): void {
    this.isStuck = false;
    this.#release();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.hangsAtClose) await new Promise(() => undefined);
  }
}

interface Bench {
  readonly output: ScriptedOutput;
  readonly queue: OutputQueue;
  readonly counts: Record<"written" | "failed" | "dropped", number>;
  readonly failures: unknown[];
}

function createBench(maxEvents = 10): Bench {
  const output = new ScriptedOutput();
  const counts = { written: 0, failed: 0, dropped: 0 };
  const failures: unknown[] = [];
  const queue = new OutputQueue({
    output,
    maxEvents,
    clock: () => 1_800_000_000_000,
    retryMs: { first: 1, longest: 4 },
    onResult(result, count) {
      counts[result] += count;
    },
    onFailure: (error) => void failures.push(error),
    describeLoss: ({ count }) => createEvent(0, { event: "audit.lost", count }),
  });
  return { output, queue, counts, failures };
}

test("events are delivered in their order, and those that come together go together", async () => {
  const { output, queue, counts } = createBench(1000);
  for (let serial = 0; serial < 600; serial++) queue.offer(createEvent(serial));
  assert.equal(await queue.settled(5000), true);
  assert.deepEqual(
    output.delivered.map(({ path }) => path),
    Array.from({ length: 600 }, (_, serial) => `/orders/${serial}`),
  );
  assert.equal(output.attempts, 3);
  assert.deepEqual(counts, { written: 600, failed: 0, dropped: 0 });
});

test("an output that takes nothing loses no more than there is no room for, and the loss is told once it takes again", async () => {
  const { output, queue, counts } = createBench(10);
  output.isStuck = true;
  const taken = Array.from({ length: 25 }, (_, serial) => queue.offer(createEvent(serial)));
  assert.equal(taken.filter((isTaken) => isTaken).length, 10);
  await waitFor(() => output.attempts === 1);
  assert.equal(await queue.settled(5), false);
  assert.equal(counts.dropped, 15);
  output.release();
  assert.equal(await queue.settled(5000), true);
  queue.offer(createEvent(99));
  await queue.settled(5000);
  const lost = output.delivered.filter(({ event }) => event === "audit.lost");
  assert.equal(
    lost.reduce((sum, { count = 0 }) => sum + count, 0),
    15,
  );
  assert.equal(counts.written, output.delivered.length);
});

test("what fails is tried again and delivered once, in its order", async () => {
  const { output, queue, counts, failures } = createBench(10);
  output.failure = new Error("away");
  queue.offer(createEvent(1));
  queue.offer(createEvent(2));
  await waitFor(() => output.attempts >= 4);
  output.failure = undefined;
  assert.equal(await queue.settled(5000), true);
  assert.deepEqual(
    output.delivered.map(({ path }) => path),
    ["/orders/1", "/orders/2"],
  );
  assert.ok(counts.failed >= 8 && failures.length >= 4);
  assert.equal(counts.dropped, 0);
});

test("what an output will never take is counted as lost, and does not hold up what comes after", async () => {
  const { output, queue, counts } = createBench(10);
  output.failure = new UndeliverableError("no such schema");
  queue.offer(createEvent(1));
  await queue.settled(5000);
  output.failure = undefined;
  queue.offer(createEvent(2));
  await queue.settled(5000);
  assert.deepEqual(
    output.delivered.map(({ event, path, count }) => [event, path, count]),
    [
      ["token.rejected", "/orders/2", undefined],
      ["audit.lost", "/orders/0", 1],
    ],
  );
  assert.deepEqual(counts, { written: 2, failed: 0, dropped: 1 });
});

test("of what an output takes in part only the rest is lost", async () => {
  const { output, queue, counts } = createBench(10);
  output.failure = new UndeliverableError("two of them", 2);
  for (let serial = 0; serial < 5; serial++) queue.offer(createEvent(serial));
  await queue.settled(5000);
  assert.deepEqual(counts, { written: 3, failed: 0, dropped: 2 });
});

test("closing waits no longer than it is told, counts what is left, and takes nothing more", async () => {
  const { output, queue, counts } = createBench(10);
  output.isStuck = true;
  for (let serial = 0; serial < 4; serial++) queue.offer(createEvent(serial));
  await queue.close(20);
  assert.equal(output.isClosed, true);
  assert.equal(counts.dropped, 4);
  assert.equal(queue.offer(createEvent(5)), false);
  output.release();
});

test("an output that hangs at its end does not hold up the end of the sidecar", async () => {
  const { output, queue } = createBench(10);
  output.hangsAtClose = true;
  await queue.close(20);
  assert.equal(output.isClosed, true);
});
