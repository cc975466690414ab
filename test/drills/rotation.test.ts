import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { skipWithoutRedis } from "../../packages/server/test/kit/start-redis.ts";
import { findProgram } from "../kit/find-program.ts";

const PROGRAM = fileURLToPath(new URL("rotation/main.ts", import.meta.url));

interface Report {
  readonly rotations: number;
  readonly validations: number;
  readonly wrongRefusals: number;
  readonly wrongAcceptances: number;
  readonly emergencyP99Ms: number;
  readonly misses: readonly string[];
}

function skipWithoutServices(): string | false {
  const nginx = process.env["CI"] === "true" || findProgram("nginx") !== undefined;
  return skipWithoutRedis() || (nginx ? false : "nginx is not installed");
}

describe("the drill of rotations", () => {
  it("turns keys under load and through every fault, and meets its targets", {
    skip: skipWithoutServices(),
    timeout: 400_000,
  }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-drill-rotation-"));
    const file = path.join(folder, "report.json");
    const flags = ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...flags, PROGRAM, "--quick", "--json", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      let told = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        told = (told + text).slice(-4096);
      });
      const [code] = (await once(child, "close")) as [number | null];
      assert.equal(code, 0, told);
      const report = JSON.parse(await readFile(file, "utf8")) as Report;
      assert.deepEqual(report.misses, []);
      assert.equal(report.rotations, 4);
      assert.ok(report.validations > 1000, String(report.validations));
      assert.equal(report.wrongRefusals + report.wrongAcceptances, 0);
      assert.ok(report.emergencyP99Ms < 1000);
    } finally {
      // Its servers end with it.
      if (child.exitCode === null) child.kill("SIGTERM");
      await rm(folder, { recursive: true });
    }
  });
});
