import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { MetricFamily } from "../../src/telemetry/metric-family.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { METRICS } from "../../src/telemetry/metrics-table.ts";
import { renderMetrics } from "../../src/telemetry/render-metrics.ts";

const COUNTER = { name: "c_total", type: "counter", help: "A\\B\nC", labels: ["l"] } as const;

function create(): ReturnType<typeof createMetrics> {
  const metrics = createMetrics({ version: "1.2.3", clock: () => 1_000_000 });
  metrics.configure({ issuers: ["main", "other"], remoteIssuers: ["main"], hash: "0123456789abcdef" });
  return metrics;
}

describe("the text format", () => {
  it("escapes backslash, quote and line feed in label values and help", () => {
    const family = new MetricFamily(COUNTER);
    family.add(['a\\b"c\nd']);
    assert.equal(
      renderMetrics([family]),
      '# HELP c_total A\\\\B\\nC\n# TYPE c_total counter\nc_total{l="a\\\\b\\"c\\nd"} 1\n',
    );
  });

  it("cumulates the buckets of a histogram", () => {
    const family = new MetricFamily({
      name: "h",
      type: "histogram",
      help: "H",
      labels: [],
      buckets: [0.00001, 0.5, 1],
    });
    for (const value of [0.00001, 0.2, 0.5, 0.7, 5, -1, Number.NaN]) family.observe([], value);
    assert.deepEqual(renderMetrics([family]).split("\n").slice(2, -1), [
      'h_bucket{le="0.00001"} 3',
      'h_bucket{le="0.5"} 5',
      'h_bucket{le="1"} 6',
      'h_bucket{le="+Inf"} 7',
      "h_sum 6.40001",
      "h_count 7",
    ]);
  });
});

describe("OpenMetrics", () => {
  it("names a counter's family without the suffix of its samples, escapes quotes in help, and says where it ends", () => {
    const family = new MetricFamily({ ...COUNTER, help: 'say "A"' });
    family.add(["x"]);
    assert.equal(
      renderMetrics([family], "openmetrics"),
      '# HELP c say \\"A\\"\n# TYPE c counter\nc_total{l="x"} 1\n# EOF\n',
    );
  });

  it("has no two families of one name, whatever their types", () => {
    const families =
      create()
        .render("openmetrics")
        .match(/^# TYPE \S+/gm) ?? [];
    assert.equal(new Set(families).size, Object.keys(METRICS).length);
  });
});

describe("MetricFamily", () => {
  it("counts what exceeds its bound under _overflow", () => {
    const family = new MetricFamily(COUNTER, 3);
    for (let index = 0; index < 100; index += 1) family.add([`v${index}`]);
    const lines = renderMetrics([family]).split("\n").slice(2, -1);
    assert.deepEqual(lines, [
      'c_total{l="v0"} 1',
      'c_total{l="v1"} 1',
      'c_total{l="v2"} 1',
      'c_total{l="_overflow"} 97',
    ]);
    assert.equal(family.overflowed, 97);
  });

  it("throws for a wrong number of labels", () => {
    assert.throws(() => new MetricFamily(COUNTER).add([]), TypeError);
  });
});

describe("createMetrics", () => {
  it("has the series of every configured issuer before the first event", () => {
    const text = create().render();
    for (const line of [
      'countersign_validations_total{issuer="main",reason="ok",fault="none"} 0',
      'countersign_validations_total{issuer="other",reason="token_expired",fault="client"} 0',
      'countersign_validations_total{issuer="main",reason="keys_unavailable",fault="system"} 0',
      'countersign_validations_total{issuer="_untrusted",reason="missing_token",fault="client"} 0',
      'countersign_jwks_fetches_total{issuer="main",result="success"} 0',
      'countersign_jwks_fetches_total{issuer="main",result="tls"} 0',
      'countersign_unknown_kid_total{issuer="main",outcome="refetch_miss"} 0',
      `countersign_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]) {
      assert.ok(text.split("\n").includes(line), line);
    }
    assert.ok(!text.includes('jwks_fetches_total{issuer="other"'));
  });

  it("counts decisions, and never takes a label from outside the configuration", () => {
    const metrics = create();
    const validation = { reason: "ok", fault: "none", durationMs: 0.2 } as const;
    metrics.recordDecision({
      door: "proxy",
      outcome: "authenticated",
      validation: { ...validation, issuer: "main" },
    });
    metrics.recordDecision({
      door: "proxy",
      outcome: "authenticated",
      validation: { ...validation, issuer: "evil" },
    });
    metrics.recordDecision({ door: "nginx", outcome: "anonymous" });
    const lines = metrics.render().split("\n");
    assert.ok(lines.includes('countersign_validations_total{issuer="main",reason="ok",fault="none"} 1'));
    assert.ok(
      lines.includes('countersign_validations_total{issuer="_untrusted",reason="ok",fault="none"} 1'),
    );
    assert.ok(lines.includes('countersign_validation_duration_seconds_count{path="cold"} 2'));
    assert.ok(lines.includes('countersign_decisions_total{door="nginx",outcome="anonymous"} 1'));
    assert.ok(!lines.some((line) => line.includes("evil")));
  });

  it("follows the engine's events about keys", () => {
    const metrics = create();
    const fetched = {
      type: "keys_fetch_finished",
      issuer: "main",
      durationMs: 30,
      detail: undefined,
    } as const;
    metrics.observe({ ...fetched, result: "success", usableUntil: 5_000_000, maxAgeSeconds: 300 });
    metrics.observe({ ...fetched, result: "timeout", usableUntil: undefined, maxAgeSeconds: undefined });
    metrics.observe({ type: "unknown_key", issuer: "main", outcome: "cooldown" });
    metrics.observe({ type: "clock_difference_measured", issuer: "main", seconds: -3 });
    const lines = metrics.render().split("\n");
    for (const line of [
      'countersign_jwks_fetches_total{issuer="main",result="success"} 1',
      'countersign_jwks_fetches_total{issuer="main",result="timeout"} 1',
      "countersign_jwks_fetch_duration_seconds_count 2",
      'countersign_jwks_last_success_timestamp_seconds{issuer="main"} 1000',
      'countersign_jwks_usable_until_timestamp_seconds{issuer="main"} 5000',
      'countersign_jwks_max_age_seconds{issuer="main"} 300',
      'countersign_unknown_kid_total{issuer="main",outcome="cooldown"} 1',
      'countersign_clock_skew_seconds{source="main"} -3',
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it("counts looks into the memory of signatures where a signature mattered", () => {
    const metrics = create();
    const finished = {
      type: "validation_finished",
      issuer: "main",
      reason: "ok",
      fault: "none",
      algorithm: "ES256",
      keyId: "k",
      durationMs: 1,
    } as const;
    metrics.observe({ ...finished, remembered: true, signatureMs: undefined });
    metrics.observe({ ...finished, remembered: false, signatureMs: 0.1 });
    metrics.observe({ ...finished, remembered: false, signatureMs: 0.1 });
    metrics.observe({ ...finished, reason: "token_expired", remembered: false, signatureMs: undefined });
    const lines = metrics.render().split("\n");
    assert.ok(lines.includes('countersign_cache_requests_total{cache="token",result="hit"} 1'));
    assert.ok(lines.includes('countersign_cache_requests_total{cache="token",result="miss"} 2'));
  });

  it("shows the keys that are in use, no more than 16 of an issuer, and those alone", () => {
    const metrics = create();
    const keys = Array.from({ length: 20 }, (_, index) => ({ keyId: `k${index}`, algorithm: "ES256" }));
    metrics.setKeys("main", { hash: "old", keys });
    const countKeys = (): number => metrics.render().match(/^countersign_jwks_key_info\{/gm)?.length ?? 0;
    assert.equal(countKeys(), 16);
    metrics.setKeys("main", { hash: "new", keys: [{ keyId: null, algorithm: null }] });
    metrics.setKeys("other", { hash: "x", keys: [] });
    const lines = metrics.render().split("\n");
    assert.ok(lines.includes('countersign_jwks_set_info{issuer="main",set_hash="new"} 1'));
    assert.ok(lines.includes('countersign_jwks_key_info{issuer="main",kid="",alg=""} 1'));
    assert.ok(!lines.some((line) => line.includes('"old"')));
    assert.equal(countKeys(), 1);
    metrics.configure({ issuers: ["main"], remoteIssuers: [], hash: "h" });
    assert.doesNotMatch(metrics.render(), /set_info\{issuer="other"/);
  });

  it("tells by how much tokens were expired", () => {
    const metrics = create();
    const finished = {
      type: "validation_finished",
      issuer: "main",
      reason: "token_expired",
      fault: "client",
      algorithm: "ES256",
      keyId: undefined,
      remembered: false,
      durationMs: 1,
      signatureMs: undefined,
    } as const;
    metrics.observe({ ...finished, expiredSeconds: 45 });
    metrics.observe({ ...finished, expiredSeconds: 7200 });
    const lines = metrics.render().split("\n");
    assert.ok(lines.includes('countersign_token_expired_age_seconds_bucket{le="60"} 1'));
    assert.ok(lines.includes('countersign_token_expired_age_seconds_bucket{le="86400"} 2'));
    assert.ok(lines.includes("countersign_token_expired_age_seconds_count 2"));
  });

  it("shows how late the event loop is for one in a hundred", () => {
    const metrics = create();
    metrics.setLoad({ eventLoopDelayMs: 1, eventLoopLagP99Ms: 250 });
    assert.match(metrics.render(), /^nodejs_eventloop_lag_p99_seconds 0\.25$/m);
  });

  it("has as many series after a flood of strange issuers, kids and doors of none as before it", () => {
    const metrics = create();
    const countSeries = (): number =>
      metrics
        .render()
        .split("\n")
        .filter((line) => /^[a-z]/.test(line)).length;
    const flood = (index: number): void => {
      const validation = {
        issuer: `https://x${index}`,
        reason: "issuer_untrusted",
        fault: "client",
      } as const;
      metrics.recordDecision({
        door: "proxy",
        outcome: "refused",
        validation: { ...validation, durationMs: 1 },
      });
      metrics.recordIntrospection({ issuer: `y${index}`, result: "inactive", durationMs: 1 });
      metrics.observe({
        type: "validation_finished",
        issuer: "_untrusted",
        reason: "issuer_untrusted",
        fault: "client",
        algorithm: undefined,
        keyId: `kid-${index}`,
        remembered: false,
        durationMs: 1,
        signatureMs: undefined,
      });
    };
    flood(0);
    const before = countSeries();
    for (let index = 1; index < 20_000; index += 1) flood(index);
    assert.equal(countSeries(), before);
  });

  it("stays within 2,500 series at 20 issuers", () => {
    const issuers = Array.from({ length: 20 }, (_, index) => `issuer-${index}`);
    const metrics = createMetrics({ version: "1", clock: Date.now });
    metrics.configure({ issuers, remoteIssuers: issuers, hash: "0123456789abcdef" });
    const keys = Array.from({ length: 20 }, (_, index) => ({ keyId: `k${index}`, algorithm: "ES256" }));
    for (const issuer of issuers) metrics.setKeys(issuer, { hash: "h", keys });
    for (let index = 0; index < 5000; index += 1) {
      const validation = { issuer: `x${index}`, reason: "ok", fault: "none", durationMs: 1 } as const;
      metrics.recordDecision({ door: "proxy", outcome: "authenticated", validation });
    }
    const series = metrics
      .render()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(series.length > 1000 && series.length <= 2500, String(series.length));
  });
});

describe("the table of metrics", () => {
  it("keeps Prometheus' naming rules", () => {
    for (const { name, type, labels, buckets } of Object.values(METRICS)) {
      assert.match(name, /^(?:countersign|process|nodejs)_[a-z0-9_]+$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.equal(buckets !== undefined, type === "histogram", name);
      for (const label of labels) assert.match(label, /^[a-z_]+$/);
      assert.deepEqual(
        buckets,
        buckets?.toSorted((a, b) => a - b),
      );
    }
  });
});
