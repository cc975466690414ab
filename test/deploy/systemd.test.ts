import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findGateway, skipWithoutGateway } from "../kit/find-gateway.ts";
import { readDeploy } from "./read-manifests.ts";

const ANALYZER = "systemd-analyze";
/** Of 100 (`systemd-analyze security`); what is left is the network and files, which a proxy needs. */
const MAX_EXPOSURE = 35;

describe("the systemd unit", { skip: skipWithoutGateway(ANALYZER) }, () => {
  const unit = readDeploy("systemd/countersign.service");
  const analyze = (text: string, parameters: readonly string[]): { status: number | null; said: string } => {
    const program = findGateway(ANALYZER);
    assert.ok(program !== undefined, `${ANALYZER} is not installed`);
    const folder = mkdtempSync(join(tmpdir(), "countersign-"));
    try {
      const path = join(folder, "countersign.service");
      writeFileSync(path, text);
      const { status, stdout, stderr } = spawnSync(program, [...parameters, path], { encoding: "utf8" });
      return { status, said: `${stdout}${stderr}` };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const verify = (text: string): { status: number | null; ours: readonly string[] } => {
    // The program is not installed where the tests run.
    const started = text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true");
    const { status, said } = analyze(started, ["verify", "--man=no"]);
    return { status, ours: said.split("\n").filter((line) => line.includes("countersign.service")) };
  };

  it("is taken by systemd, without a warning", () => {
    assert.deepEqual(verify(unit), { status: 0, ours: [] });
  });

  it("would be warned of with a setting that systemd does not know", () => {
    const { ours } = verify(unit.replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"));
    assert.match(ours.join("\n"), /Unknown key (?:name )?'NoNewPrivilege'/);
  });

  it("leaves the program little to do harm with", () => {
    const check = ["security", "--offline=true", "--no-pager", `--threshold=${MAX_EXPOSURE}`];
    const { status, said } = analyze(unit, check);
    assert.equal(status, 0, said);
    assert.notEqual(analyze(unit.replace("CapabilityBoundingSet=\n", ""), check).status, 0);
  });

  it("waits longer at the end than the sidecar takes to drain by default", () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    assert.ok(Number(seconds) > 10);
  });
});
