/** What keeps which alerts quiet, asked of a real Alertmanager with the configuration that is handed out. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { listAlerts } from "../../packages/cli/src/rules/rule-groups.ts";
import { OPERATIONS_FOLDER } from "../../tools/write-operations.ts";
import { findProgram } from "../kit/find-program.ts";
import { findFreePort } from "../kit/free-port.ts";
import { skipWithoutMonitoring } from "../kit/start-monitoring.ts";

type Labels = Readonly<Record<string, string>>;

const LONGEST_MS = 60_000;
const CONFIGURATION = path.join(OPERATIONS_FOLDER, "alertmanager", "alertmanager.yml");

/** As the rule labels it. */
function label(alertname: string, labels: Labels = {}): Labels {
  const alert = listAlerts().find(({ name }) => name === alertname);
  assert.ok(alert, alertname);
  const hushed = alert.isHushedByRotation === true ? { inhibited_by_rotation: "true" } : {};
  return { alertname, severity: alert.severity, ...hushed, ...labels };
}

const skip = skipWithoutMonitoring();

describe("an Alertmanager with the configuration that is handed out", { skip }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-inhibition-"));
  let child: ChildProcess | undefined;
  let base = "";

  before(async () => {
    const program = findProgram("prometheus-alertmanager");
    assert.ok(program, "prometheus-alertmanager is not installed; CI must install it");
    const port = await findFreePort();
    base = `http://127.0.0.1:${port}`;
    child = spawn(
      program,
      [
        `--config.file=${CONFIGURATION}`,
        `--storage.path=${folder}`,
        "--cluster.listen-address=",
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      // It notifies addresses of examples, where nobody answers, and says so.
      { stdio: "ignore" },
    );
    const deadline = performance.now() + LONGEST_MS;
    while ((await fetch(`${base}/-/ready`).catch(() => undefined))?.ok !== true) {
      assert.ok(performance.now() < deadline, "Alertmanager did not become ready");
      await pause(50);
    }
  });

  after(async () => {
    if (child !== undefined && child.exitCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function send(alerts: readonly Labels[], endsAt?: Date): Promise<void> {
    const body = JSON.stringify(alerts.map((labels) => ({ labels, endsAt })));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${base}/api/v2/alerts`, { method: "POST", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Waits until as many are kept quiet: Alertmanager learns of sources a moment later. */
  async function awaitQuiet(count: number): Promise<readonly string[]> {
    const deadline = performance.now() + LONGEST_MS;
    for (;;) {
      const answer = await fetch(`${base}/api/v2/alerts`);
      const alerts = (await answer.json()) as readonly {
        readonly labels: Labels;
        readonly status: { readonly inhibitedBy: readonly string[] };
      }[];
      const quiet = alerts
        .filter(({ status }) => status.inhibitedBy.length > 0)
        .map(({ labels }) =>
          [labels["alertname"], labels["issuer"] ?? labels["instance"] ?? labels["burn"]].join(" "),
        )
        .toSorted();
      if (quiet.length === count || performance.now() > deadline) return quiet;
      await pause(50);
    }
  }

  it("keeps what a rotation explains quiet for its issuer, nothing else, and only until it ends", async () => {
    const rotation = label("CountersignKeyRotationInProgress", { issuer: "main" });
    await send([
      rotation,
      label("CountersignUnknownKid", { issuer: "main", job: "countersign" }),
      label("CountersignJwksSplit", { issuer: "main", job: "countersign" }),
      label("CountersignUnknownKid", { issuer: "other", job: "countersign" }),
      label("CountersignJwksExpiring", { issuer: "main", job: "countersign" }),
      label("CountersignCannotJudge", { issuer: "main", job: "countersign" }),
      label("CountersignKeyRotationOverdue", { issuer: "main" }),
      label("CountersignValidationErrorBudgetBurn", { job: "countersign" }),
    ]);
    assert.deepEqual(await awaitQuiet(2), ["CountersignJwksSplit main", "CountersignUnknownKid main"]);
    await send([rotation], new Date(Date.now() - 1));
    assert.deepEqual(await awaitQuiet(0), []);
  });

  it("tells of one clock and of one budget once, at the graver severity", async () => {
    const clock = { job: "countersign", instance: "a", source: "main" };
    await send([
      label("CountersignClockSkewCritical", clock),
      label("CountersignClockSkew", clock),
      label("CountersignClockSkew", { ...clock, instance: "b" }),
      label("CountersignValidationLatencyBudgetBurn", {
        job: "countersign",
        burn: "14.4",
        severity: "critical",
      }),
      label("CountersignValidationLatencyBudgetBurn", { job: "countersign", burn: "3", severity: "warning" }),
      label("CountersignKeyFetchBudgetBurn", { job: "countersign", burn: "3", severity: "warning" }),
    ]);
    assert.deepEqual(await awaitQuiet(2), [
      "CountersignClockSkew a",
      "CountersignValidationLatencyBudgetBurn 3",
    ]);
  });
});
