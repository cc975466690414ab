import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { SERVICE_LEVELS } from "@countersign/server";
import { parse, parseAllDocuments } from "yaml";
import { DOCTOR_CHECKS } from "../src/doctor/doctor-check.ts";
import { listCommands, renderRunbook } from "../src/rules/render-runbook.ts";
import { listAlerts } from "../src/rules/rule-groups.ts";
import {
  listVariables,
  RUNBOOK_COMMANDS,
  RUNBOOK_VARIABLES,
  type RunbookCommandName,
} from "../src/rules/runbook-commands.ts";
import { createTimes, formatSpan } from "../src/rules/times.ts";
import { runInProcess } from "./kit/run-in-process.ts";

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly {
      readonly alert?: string;
      readonly for?: string;
      readonly annotations?: object;
    }[];
  }[];
}

/** Commands that have commands. */
const GROUPS = new Set(["issuer", "keys", "revoke", "audit"]);

test("rules export writes all groups as one file, with a runbook for each alert", async () => {
  const { code, stdout, stderr } = await runInProcess(["rules", "export"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const alerts = (parse(stdout) as Rules).groups.flatMap(({ rules }) =>
    rules.filter(({ alert }) => alert !== undefined),
  );
  assert.ok(alerts.length >= listAlerts().length);
  for (const { alert, annotations } of alerts) {
    assert.deepEqual(Object.keys(annotations ?? {}), ["summary", "description", "runbook_url"], alert ?? "");
  }
});

test("rules export divides times and names your runbooks", async () => {
  const { stdout } = await runInProcess([
    ...["rules", "export", "--time-scale", "60", "--runbooks", "https://runbooks.example.com/auth"],
  ]);
  const groups = (parse(stdout) as Rules).groups;
  const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === "CountersignUnknownKid");
  assert.equal(rule?.for, "1s");
  assert.match(stdout, /runbook_url: https:\/\/runbooks\.example\.com\/auth\/CountersignUnknownKid\.md/);
});

test("rules export --out writes files and lists them", async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-rules-export-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const out = path.join(folder, "new");
  const { code, stdout } = await runInProcess(["rules", "export", "--out", out, "--json"]);
  const { files } = JSON.parse(stdout) as { readonly files: readonly { readonly name: string }[] };
  assert.equal(code, 0);
  assert.deepEqual((await readdir(out)).toSorted(), files.map(({ name }) => name).toSorted());
  assert.match(
    await readFile(path.join(out, "slo.rules.yml"), "utf8"),
    /CountersignValidationErrorBudgetBurn/,
  );
});

test("rules export exits 2 for a folder that cannot be written, and for options out of bounds", async () => {
  const attempts = [
    ["--out", "/dev/null/rules"],
    ["--time-scale", "0"],
    ["--time-scale", "86401"],
    ["--time-scale", "ten"],
    ["--runbooks", "file:///etc"],
    ["--page-url", "no url"],
    ["--format", "excel"],
  ];
  for (const options of attempts) {
    const { code, stdout } = await runInProcess(["rules", "export", ...options]);
    assert.deepEqual([code, stdout], [2, ""], options.join(" "));
  }
});

test("the service levels are what OpenSLO and Sloth read", async () => {
  const [openSlo, sloth] = await Promise.all(
    ["openslo", "sloth"].map(
      async (format) => (await runInProcess(["rules", "export", "--format", format])).stdout,
    ),
  );
  const documents = parseAllDocuments(openSlo ?? "").map((each) => each.toJS() as OpenSlo);
  const levels = documents.filter(({ kind }) => kind === "SLO");
  assert.equal(levels.length, SERVICE_LEVELS.length);
  for (const { apiVersion, metadata, spec } of documents) {
    assert.equal(apiVersion, "openslo/v1");
    assert.match(metadata.name, /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
    assert.ok(Object.keys(spec).length > 0);
  }
  for (const [index, { spec }] of levels.entries()) {
    assert.deepEqual(spec.timeWindow, [{ duration: "30d", isRolling: true }]);
    assert.equal(spec.objectives?.[0]?.target, SERVICE_LEVELS[index]?.objective);
    assert.match(spec.indicator?.spec.ratioMetric.good.metricSource.spec.query ?? "", /^sum\(countersign_/);
  }
  const { version, slos } = parse(sloth ?? "") as Sloth;
  assert.equal(version, "prometheus/v1");
  const alerts = listAlerts();
  for (const { objective, sli, alerting } of slos) {
    assert.ok(objective > 0 && objective < 100);
    for (const query of Object.values(sli.events)) assert.match(query, /\{\{\.window\}\}/);
    const own = alerts.find(({ name }) => name === alerting.name);
    assert.equal(alerting.page_alert.disable !== true, own?.severity === "critical", alerting.name);
  }
});

test("every command of ours in a runbook exists, with its options", async () => {
  const ours = Object.values(RUNBOOK_COMMANDS).filter((command) => command.startsWith("countersign "));
  assert.ok(ours.length >= 15);
  for (const command of ours) {
    const words = command.split(" ").slice(1);
    const path = words.slice(0, GROUPS.has(words[0] ?? "") ? 2 : 1);
    const { code, stdout } = await runInProcess([...path, "--help"]);
    assert.equal(code, 0, command);
    assert.ok(stdout.startsWith(`Usage: countersign ${path.join(" ")} `), command);
    const [usage = ""] = stdout.split("\n", 1);
    const hasArgument = words[path.length]?.startsWith(`"$`) === true;
    assert.ok(
      hasArgument ? / [<[](?!options)/.test(usage) : !usage.includes(" <"),
      `${command}: its argument`,
    );
    const options = words.filter((word) => word.startsWith("--"));
    for (const option of options)
      assert.match(stdout, new RegExp(`${option}[ ,\\n]`), `${command}: ${option}`);
  }
});

test("every command and every value of runbooks is used by one, and no other program is called", () => {
  const used = listAlerts().flatMap(({ runbook }) => listCommands(runbook));
  assert.deepEqual(
    Object.keys(RUNBOOK_COMMANDS).filter((name) => !used.includes(name as RunbookCommandName)),
    [],
  );
  assert.deepEqual(listVariables(used), Object.keys(RUNBOOK_VARIABLES));
  for (const command of Object.values(RUNBOOK_COMMANDS)) {
    assert.match(command, /^(?:countersign|curl|df|chronyc) /);
    for (const [, name = ""] of command.matchAll(/"\$([A-Z_]+)/g)) assert.ok(name in RUNBOOK_VARIABLES, name);
  }
});

test("a runbook has its sections, blocks of commands with names, and values for what they take", () => {
  const alert = listAlerts().find(({ name }) => name === "CountersignUnknownKid");
  assert.ok(alert);
  const page = renderRunbook(alert);
  assert.deepEqual(
    [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title),
    ["Meaning", "Impact", "Diagnosis", "Mitigation", "Rollback", "Values", "Rule"],
  );
  assert.match(page, /```sh name=restore-key\n {3}countersign keys restore "\$KID" .+\n {3}```\n/);
  assert.match(page, /^export KEYS_CONFIG=countersign-keys\.yaml {2}# /m);
});

test("checklists have every check of doctor under its stage, and what people have to see", async () => {
  const { stdout } = await runInProcess(["rules", "export", "--format", "checklists", "--json"]);
  const { files } = JSON.parse(stdout) as {
    readonly files: readonly { readonly name: string; readonly text: string }[];
  };
  assert.deepEqual(
    files.map(({ name }) => name),
    ["pre-production.md", "production.md"],
  );
  for (const [name, { since, about }] of Object.entries(DOCTOR_CHECKS)) {
    for (const file of files) {
      const isListed = file.text.includes(`\n- [ ] \`${name}\`: ${about}\n`);
      assert.equal(isListed, file.name === `${since}.md`, `${name} in ${file.name}`);
    }
  }
  for (const { text } of files) assert.match(text, /## What people see\n\n- \[ \] /);
});

test("times are divided, windows never under five seconds", () => {
  const [whole, divided] = [createTimes(1), createTimes(300)];
  assert.deepEqual([whole.window(300), whole.lasting(10_800), whole.age(60, 25)], ["5m", "3h", 60]);
  assert.deepEqual([divided.window(300), divided.lasting(120), divided.age(60, 25)], ["5s", "400ms", 25]);
  assert.deepEqual([formatSpan(259_200), formatSpan(90)], ["3d", "90s"]);
  for (const scale of [0, 0.5, 86_401, Number.NaN]) assert.throws(() => createTimes(scale), RangeError);
});

interface OpenSlo {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly timeWindow?: unknown;
    readonly objectives?: readonly { readonly target: number }[];
    readonly indicator?: {
      readonly spec: {
        readonly ratioMetric: {
          readonly good: { readonly metricSource: { readonly spec: { readonly query: string } } };
        };
      };
    };
  };
}

interface Sloth {
  readonly version: string;
  readonly slos: readonly {
    readonly objective: number;
    readonly sli: { readonly events: Readonly<Record<string, string>> };
    readonly alerting: { readonly name: string; readonly page_alert: { readonly disable?: boolean } };
  }[];
}
