import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { MetricFamily } from "../../src/telemetry/metric-family.ts";
import { MAX_REPORTED_SERIES } from "../../src/telemetry/metric-report.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { METRICS } from "../../src/telemetry/metrics-table.ts";

const ISSUERS = { issuers: ["main"], remoteIssuers: ["main"], hash: "0123456789abcdef" };

function create(): Metrics {
  const metrics = createMetrics({ version: "1", clock: () => 1_000_000 });
  metrics.configure(ISSUERS);
  return metrics;
}

function count(metrics: Metrics, durationMs: number): void {
  const validation = { issuer: "main", reason: "ok", fault: "none", durationMs } as const;
  metrics.recordDecision({ door: "proxy", outcome: "authenticated", validation });
}

/** Without what a process has of its own. */
function linesOf(metrics: Metrics): readonly string[] {
  return metrics
    .render()
    .split("\n")
    .filter((line) => !/^(?:#|process_|countersign_(?:event_loop|open_streams|workers))/.test(line));
}

describe("the metrics of several processes", () => {
  it("are as if one process had counted everything, however it was spread and told", () => {
    const decisions = fc.array(
      fc.record({ worker: fc.nat(2), durationMs: fc.double({ min: 0, max: 999 }), tells: fc.boolean() }),
    );
    fc.assert(
      fc.property(decisions, (all) => {
        const [alone, primary] = [create(), create()];
        const workers = [create(), create(), create()];
        for (const { worker, durationMs, tells } of all) {
          // Whole milliseconds, so that sums do not depend on their order.
          const whole = Math.floor(durationMs) * 1024;
          count(alone, whole);
          const teller = workers[worker] ?? assert.fail();
          count(teller, whole);
          if (tells) primary.addReport(worker, structuredClone(teller.takeReport()));
        }
        for (const [index, worker] of workers.entries()) primary.addReport(index, worker.takeReport());
        assert.deepEqual(linesOf(primary), linesOf(alone));
      }),
      { numRuns: 50 },
    );
  });

  it("never go back when a worker ends, and keep what it told", () => {
    const primary = create();
    const worker = create();
    count(worker, 1);
    primary.addReport(1, worker.takeReport());
    const before = linesOf(primary);
    primary.forgetWorker(1);
    assert.deepEqual(linesOf(primary), before);
    assert.ok(before.includes('countersign_decisions_total{door="proxy",outcome="authenticated"} 1'));
  });

  it("have gauges that make sense together: the longest delay, all streams, all memory", () => {
    const primary = create();
    for (const [index, [eventLoopDelayMs, streams]] of (
      [
        [10, 3],
        [250, 4],
      ] as const
    ).entries()) {
      const worker = create();
      worker.setLoad({ eventLoopDelayMs });
      worker.setStreams(streams);
      primary.addReport(index, worker.takeReport());
    }
    const read = (name: string): number =>
      Number(new RegExp(`^${name} (.*)$`, "m").exec(primary.render())?.[1]);
    assert.equal(read("countersign_event_loop_delay_seconds"), 0.25);
    assert.equal(read("countersign_open_streams"), 7);
    assert.ok(read("process_resident_memory_bytes") > 2 * process.memoryUsage.rss());
    primary.forgetWorker(1);
    assert.equal(read("countersign_event_loop_delay_seconds"), 0.01);
    assert.equal(read("countersign_open_streams"), 3);
  });

  it("tell nothing twice, and no more series at once than a message may have", () => {
    const worker = create();
    count(worker, 1);
    const tell = (): number => worker.takeReport().changes.filter(([key]) => key !== "cpu").length;
    assert.equal(tell(), 3);
    assert.equal(tell(), 0);
    const family = new MetricFamily({ ...METRICS.decisions });
    for (let i = 0; i < MAX_REPORTED_SERIES + 5; i++) family.add([`d${i}`, "x"]);
    assert.equal(family.takeChanges(MAX_REPORTED_SERIES).length, MAX_REPORTED_SERIES);
    assert.equal(family.takeChanges(MAX_REPORTED_SERIES).length, 5);
  });
});
