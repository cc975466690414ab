import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { REASONS } from "countersign";
import { METRICS } from "../../src/telemetry/metrics-table.ts";
import {
  type SampleSelection,
  SERVICE_LEVELS,
  writeErrorRatio,
  writeRate,
} from "../../src/telemetry/service-levels.ts";

describe("the table of service levels", () => {
  it("selects by metrics, labels and buckets that exist", () => {
    for (const { good, total } of SERVICE_LEVELS) for (const each of [good, total]) assertExists(each);
  });

  it("counts every fault but the client's, and as good what was judged without one", () => {
    const [success] = SERVICE_LEVELS;
    const faults = new Set<string>(["none", ...Object.values(REASONS).map(({ fault }) => fault)]);
    faults.delete("client");
    assert.deepEqual(success?.total.matchers, [{ label: "fault", values: [...faults] }]);
    assert.deepEqual(success?.good.matchers, [{ label: "fault", values: ["none"] }]);
  });

  it("has an objective that leaves a budget, and names of its own", () => {
    for (const { objective } of SERVICE_LEVELS) assert.ok(objective > 0.5 && objective < 1);
    assert.equal(new Set(SERVICE_LEVELS.map(({ id }) => id)).size, SERVICE_LEVELS.length);
  });
});

describe("a service level as PromQL", () => {
  it("is a rate of what is selected, for each of the labels that are kept", () => {
    const [success] = SERVICE_LEVELS;
    assert.ok(success);
    assert.equal(
      writeRate(success.total, { window: "5m", by: ["job", "issuer"], matching: 'job="countersign"' }),
      'sum by (job, issuer) (rate(countersign_validations_total{fault=~"none|system",job="countersign"}[5m]))',
    );
    assert.equal(
      writeErrorRatio(success, { window: "1h" }),
      '1 - (sum (rate(countersign_validations_total{fault="none"}[1h])) / ' +
        '(sum (rate(countersign_validations_total{fault=~"none|system"}[1h])) > 0))',
    );
  });
});

function assertExists({ sample, matchers }: SampleSelection): void {
  const definition = Object.values(METRICS).find(({ name, type }) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_count`].includes(sample) : name === sample,
  );
  assert.ok(definition, sample);
  for (const { label, values } of matchers) {
    if (label !== "le") assert.ok(definition.labels.includes(label), `${sample} ${label}`);
    else for (const bound of values) assert.ok(definition.buckets?.includes(Number(bound)), bound);
  }
}
