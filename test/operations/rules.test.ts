/** The alerts that the project hands out, by Prometheus' and Alertmanager's own tools. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { REASONS } from "countersign";
import { renderAlertmanager } from "../../packages/cli/src/rules/render-alertmanager.ts";
import { renderPrometheusRules } from "../../packages/cli/src/rules/render-prometheus.ts";
import { listAlerts, RULE_GROUPS } from "../../packages/cli/src/rules/rule-groups.ts";
import { METRICS } from "../../packages/server/src/telemetry/metrics-table.ts";
import { SERVICE_LEVELS } from "../../packages/server/src/telemetry/service-levels.ts";
import { createOperations, OPERATIONS_FOLDER } from "../../tools/write-operations.ts";
import { findProgram } from "../kit/find-program.ts";
import { skipWithoutMonitoring } from "../kit/start-monitoring.ts";
import { ALERT_SCENARIOS, type AlertScenario } from "./alert-scenarios.ts";
import { BUDGET_SCENARIOS, createBudgetSeries } from "./budget-scenarios.ts";

const RULES = path.join(OPERATIONS_FOLDER, "rules");
const ALERTMANAGER = path.join(OPERATIONS_FOLDER, "alertmanager", "alertmanager.yml");
const ROTATION_METRICS = new URL(
  "../../packages/signing-keys/src/rotation/render-rotation-metrics.ts",
  import.meta.url,
);
const SUFFIX = /_(?:bucket|count|sum)$/;
const BURNS = ["14.4", "6", "3", "1"];
const run = promisify(execFile);
const skip = skipWithoutMonitoring();
const folder = mkdtempSync(path.join(tmpdir(), "countersign-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function runTool(name: string, parameters: readonly string[]): Promise<string> {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is not installed; CI must install it`);
  const { stdout } = await run(program, parameters, { cwd: RULES, timeout: 60_000 });
  return stdout;
}

/** JSON is YAML. */
function writeFile(name: string, content: object | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

describe("what operations/ hands out", () => {
  for (const [name, text] of createOperations()) {
    it(`has in ${name} what the tables in code say`, () => {
      const committed = readFileSync(path.join(OPERATIONS_FOLDER, name), "utf8");
      assert.equal(committed, text, "run `node --conditions=@countersign/source tools/write-operations.ts`");
    });
  }

  it("has a runbook for every alert and an alert for every runbook", () => {
    const pages = readdirSync(path.join(OPERATIONS_FOLDER, "runbooks"));
    assert.deepEqual(
      pages.toSorted(),
      [...listAlerts().map(({ name }) => `${name}.md`), "README.md"].toSorted(),
    );
  });
});

describe("the rules for Prometheus", () => {
  const all = writeFile("all.rules.yml", renderPrometheusRules(RULE_GROUPS));

  it("name no metric that nobody has", () => {
    const rotation = readFileSync(ROTATION_METRICS, "utf8").match(/\bcountersign_\w+/g) ?? [];
    const known = new Set<string>([...Object.values(METRICS).map(({ name }) => name), ...rotation]);
    const names = renderPrometheusRules(RULE_GROUPS).match(/\b(?:countersign|nodejs|process)_\w+/g) ?? [];
    assert.ok(names.length > 50);
    for (const name of names) assert.ok(known.has(name) || known.has(name.replace(SUFFIX, "")), name);
  });

  it("select by labels that the metric has, and by reasons that there are", () => {
    const own = new Map(Object.values(METRICS).map(({ name, labels }) => [name, new Set<string>(labels)]));
    const selectors = renderPrometheusRules(RULE_GROUPS).matchAll(/\b(countersign_\w+)\{([^}]*)\}/g);
    let count = 0;
    for (const [whole, name = "", matchers = ""] of selectors) {
      const labels = own.get(name) ?? own.get(name.replace(SUFFIX, ""));
      for (const [, label = "", values = ""] of matchers.matchAll(/(\w+)[=!]~?"([^"]*)"/g)) {
        count += 1;
        assert.ok(labels === undefined || label === "le" || labels.has(label), whole);
        if (label !== "reason") continue;
        for (const reason of values.split("|")) assert.ok(reason in REASONS, `${whole}: ${reason}`);
      }
    }
    assert.ok(count > 50);
  });

  it("are what promtool takes, also with their times divided", { skip }, async () => {
    assert.match(await runTool("promtool", ["check", "rules", all]), /SUCCESS/);
    for (const timeScale of [60, 300, 86_400]) {
      const file = writeFile(`scale-${timeScale}.yml`, renderPrometheusRules(RULE_GROUPS, { timeScale }));
      assert.match(await runTool("promtool", ["check", "rules", file]), /SUCCESS/);
    }
  });

  it("are each tried where they should fire", () => {
    const tried = new Set(ALERT_SCENARIOS.map(({ alert }) => alert));
    for (const { alert } of Object.values(BUDGET_SCENARIOS)) {
      tried.add(`${alert}BudgetBurn`).add(`${alert}HalfBudgetInADay`);
    }
    for (const file of globSync("*.test.yml", { cwd: RULES })) {
      const text = readFileSync(path.join(RULES, file), "utf8");
      for (const [, name = ""] of text.matchAll(/alertname: (\w+)\n\s+exp_alerts:\n/g)) tried.add(name);
    }
    assert.deepEqual(
      listAlerts()
        .map(({ name }) => name)
        .filter((name) => !tried.has(name)),
      [],
    );
  });

  it("fire with what they are for, and stay quiet with what is near it", { skip }, async () => {
    // With the rules of its group alone, as all of them a hundred times would take long.
    const files = RULE_GROUPS.filter(({ name }) => name !== "slo").map((group) => {
      const rules = writeFile(`${group.name}.rules.yml`, renderPrometheusRules([group]));
      const names = new Set(group.alerts.map(({ name }) => name));
      const tests = ALERT_SCENARIOS.filter(({ alert }) => names.has(alert)).flatMap(describeScenario);
      return writeFile(`${group.name}.json`, { rule_files: [rules], evaluation_interval: "1m", tests });
    });
    await runTool("promtool", ["test", "rules", ...files]);
  });

  it("fire for a budget that is spent too fast, by how fast, and not for one that lasts", {
    skip,
  }, async () => {
    const cases = [
      { name: "fast", factor: 20, burning: BURNS, isHalfGone: true },
      { name: "slowly", factor: 2, burning: ["1"], isHalfGone: false },
      { name: "not at all", factor: 0.5, burning: [], isHalfGone: false },
    ];
    // Each level has series of its own: all of them are tried at once.
    const tests = cases.map(({ name, factor, burning, isHalfGone }) => ({
      name,
      interval: "1m",
      input_series: SERVICE_LEVELS.flatMap(({ id, objective }) =>
        createBudgetSeries(BUDGET_SCENARIOS[id], { badShare: (1 - objective) * factor, minutes: 300 }),
      ),
      promql_expr_test: SERVICE_LEVELS.flatMap(({ id }) => {
        const { alert } = BUDGET_SCENARIOS[id];
        return [
          ...BURNS.map((burn) => ({
            matchers: `alertname="${alert}BudgetBurn",burn="${burn}"`,
            isFiring: burning.includes(burn),
          })),
          { matchers: `alertname="${alert}HalfBudgetInADay"`, isFiring: isHalfGone },
        ].map(({ matchers, isFiring }) => expectFiring(matchers, { at: "5h", isFiring }));
      }),
    }));
    const rules = renderPrometheusRules(RULE_GROUPS.filter(({ name }) => name === "slo"));
    const file = writeFile("budgets.json", {
      rule_files: [writeFile("slo.rules.yml", rules)],
      evaluation_interval: "5m",
      tests,
    });
    await runTool("promtool", ["test", "rules", file]);
  });

  it("fire with the labels and the words that are written", { skip }, async () => {
    for (const file of globSync("*.test.yml", { cwd: RULES })) {
      await runTool("promtool", ["test", "rules", file]);
    }
  });
});

describe("the routes of Alertmanager", () => {
  it("are what amtool takes", { skip }, async () => {
    assert.match(await runTool("amtool", ["check-config", ALERTMANAGER]), /SUCCESS/);
    for (const timeScale of [60, 300, 86_400]) {
      const file = writeFile(`scale-${timeScale}.alertmanager.yml`, renderAlertmanager({ timeScale }));
      assert.match(await runTool("amtool", ["check-config", file]), /SUCCESS/);
    }
  });

  it("lead every alert to where its severity belongs", { skip }, async () => {
    const receivers = { critical: "page", warning: "ticket", none: "nobody" } as const;
    const cases = new Map(
      listAlerts().map(({ name, severity }) => [
        name === "CountersignWatchdog" ? name : "other",
        { name, severity, receiver: name === "CountersignWatchdog" ? "watchdog" : receivers[severity] },
      ]),
    );
    for (const severity of ["critical", "warning", "none"] as const) {
      cases.set(severity, { name: "CountersignOther", severity, receiver: receivers[severity] });
    }
    for (const { name, severity, receiver } of cases.values()) {
      const labels = [`alertname=${name}`, `severity=${severity}`];
      const parameters = ["config", "routes", "test", `--config.file=${ALERTMANAGER}`, ...labels];
      assert.equal((await runTool("amtool", parameters)).trim(), receiver, name);
    }
  });

  it("never let a rotation hush what a rotation must not hide", () => {
    const hushed = listAlerts().filter(({ isHushedByRotation }) => isHushedByRotation === true);
    assert.deepEqual(
      hushed.map(({ name }) => name),
      ["CountersignJwksSplit", "CountersignNoStandbyKey", "CountersignUnknownKid"],
    );
  });
});

function describeScenario({ alert, at, fires, stays }: AlertScenario): readonly object[] {
  return [fires, stays].flatMap((series, index) => {
    if (series === undefined) return [];
    const isFiring = index === 0;
    return [
      {
        name: `${alert} ${isFiring ? "fires" : "stays quiet"}`,
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [expectFiring(`alertname="${alert}"`, { at, isFiring })],
      },
    ];
  });
}

/** For `promql_expr_test`. */
function expectFiring(
  matchers: string,
  { at, isFiring }: { readonly at: string; readonly isFiring: boolean },
): object {
  return {
    expr: `(count(ALERTS{alertstate="firing",${matchers}}) or vector(0)) > bool 0`,
    eval_time: at,
    exp_samples: [{ labels: "{}", value: isFiring ? 1 : 0 }],
  };
}
