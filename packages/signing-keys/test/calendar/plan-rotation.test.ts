import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawPlan, type KeyLedger, planRotation, rotateKeys, startKeys } from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, START_MS } from "../kit/sample-keys.ts";

function seconds(ms: number): number {
  return (ms - START_MS) / 1000;
}

function describePlan(ledger: KeyLedger, nowSeconds: number): readonly string[] {
  const { steps } = planRotation(ledger, { nowMs: START_MS + nowSeconds * 1000 });
  return steps.map(({ action, notBeforeMs }) => `${action} ${seconds(notBeforeMs)}`);
}

describe("the plan of a rotation", () => {
  it("says each step, from when on, and why", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    assert.deepEqual(describePlan(ledger, 500), ["publish 500", "promote 600", "remove 800", "destroy 1800"]);
    const { steps, bounds, shortestPeriodMs } = planRotation(ledger, { nowMs: START_MS });
    assert.match(steps[1]?.reason ?? "", /G = P \+ A \+ C \+ S/);
    assert.match(steps[2]?.reason ?? "", /H = Ps \+ T \+ L \+ 2E/);
    assert.deepEqual([bounds.promote.ms, bounds.remove.ms, shortestPeriodMs], [100_000, 200_000, 300_000]);
    for (const { reason } of [...bounds.promote.terms, ...bounds.remove.terms]) assert.ok(reason.length > 10);
  });

  it("comes true: a rotation does each of its steps at the instant that the plan says", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    sample.seconds = 500;
    const planned = describePlan(ledger, 500);
    const done: string[] = [];
    for (let now = 500; now <= 2000; now += 50) {
      sample.seconds = now;
      const { records } = await rotateKeys(sample.manager, { begins: now === 500 });
      const actions = new Set(records.map(({ action }) => action).filter((action) => action !== "generate"));
      done.push(...[...actions].map((action) => `${action} ${now}`));
    }
    assert.deepEqual(done, planned);
  });

  it("says what is left of one that is under way", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    await rotateKeys(sample.manager);
    sample.seconds = 100;
    const { ledger } = await rotateKeys(sample.manager);
    assert.deepEqual(describePlan(ledger, 150), ["remove 300", "destroy 1300"]);
  });

  it("warns of waits that were measured longer, of rotations too often, of no ripe key, and of lost keys", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    const { warnings } = planRotation(
      { ...ledger, pending: [{ label: "es256-lost", atMs: START_MS }] },
      { nowMs: START_MS, measured: { publishSeconds: 12 }, periodSeconds: 301 },
    );
    assert.equal(warnings.length, 4);
    for (const [index, pattern] of [
      /P: 12 s were measured/,
      /G \+ H = 302/,
      /es256-lost/,
      /ripe/,
    ].entries()) {
      assert.match(warnings[index] ?? "", pattern);
    }
    const calm = planRotation(ledger, { nowMs: START_MS + 100_000, periodSeconds: 300 });
    assert.deepEqual(calm.warnings, []);
  });
});

describe("the picture of a plan", () => {
  it("has a lane for each key, a mark for each step, and no markup of anybody else", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, { ...SAMPLE_OPTIONS, issuer: "https://<b>&'\"" });
    const svg = drawPlan(ledger, planRotation(ledger, { nowMs: START_MS + 50_000 }));
    for (const { keyId } of ledger.keys) assert.ok(svg.includes(`>${keyId.slice(0, 16)}</text>`));
    const actions = [...svg.matchAll(/data-action='(\w+)'/g)].map(([, action]) => action);
    assert.deepEqual(actions, ["publish", "promote", "remove", "destroy"]);
    assert.ok(!svg.includes("<b>"));
    assert.ok(svg.includes("https://&#60;b&#62;&#38;&#39;&#34;"));
    for (const [, number = ""] of svg.matchAll(/ (?:x|y|x1|x2|width|height)="([^"]*)"/g)) {
      assert.ok(Number(number) >= 0 && Number(number) <= 1000, number);
    }
  });
});
