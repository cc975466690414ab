import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { chooseMetricsFormat } from "../../src/admin/choose-metrics-format.ts";

const PROMETHEUS =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

describe("the form of the metrics", () => {
  for (const [accept, expected] of [
    [PROMETHEUS, "openmetrics"],
    ["application/openmetrics-text", "openmetrics"],
    ["text/plain, application/openmetrics-text", "openmetrics"],
    ["text/plain", "prometheus"],
    ["*/*", "prometheus"],
    ["", "prometheus"],
    ["text/plain, application/openmetrics-text;q=0.5", "prometheus"],
    ["application/openmetrics-text;q=0", "prometheus"],
    ["application/openmetrics-text;q=none", "prometheus"],
    ["application/openmetrics-text;version=2.0.0,text/plain;q=0.1", "prometheus"],
    [`application/openmetrics-text,${"x/y,".repeat(300)}`, "prometheus"],
  ] as const) {
    it(`is ${expected} for ${JSON.stringify(accept.slice(0, 80))}`, () => {
      assert.equal(chooseMetricsFormat(["Host", "accept", "ACCEPT", accept]), expected);
    });
  }

  it("is plain text where nothing is asked for", () => {
    assert.equal(chooseMetricsFormat([]), "prometheus");
  });
});
