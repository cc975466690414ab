/** The pipelines that are handed out: their commands are run as they stand there, on keys of a temporary folder. */

import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readKeysConfiguration } from "@countersign/signing-keys";
import { parse } from "yaml";
import { runCommand } from "../../tools/run-command.ts";

const FOLDER = fileURLToPath(new URL("../../deploy/pipelines/", import.meta.url));
const CLI = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

interface Step {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function readPipeline(name: string): Promise<unknown> {
  return parse(await readFile(path.join(FOLDER, name), "utf8"));
}

/** Lines that call our command. */
async function listCommands(name: string): Promise<readonly string[]> {
  const text = await readFile(path.join(FOLDER, name), "utf8");
  return [...text.matchAll(/npx countersign (keys .*)$/gm)].map(([, command = ""]) => command);
}

describe("the pipelines that rotate keys", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-pipelines-"));
    await mkdir(path.join(folder, "public"));
    await writeFile(path.join(folder, "passphrase"), "correct horse battery staple", { mode: 0o600 });
    const handedOut = parse(await readFile(path.join(FOLDER, "countersign-keys.yaml"), "utf8")) as object;
    const local = {
      ...handedOut,
      store: { file: "ledger" },
      backend: { backend: "file", directory: "private", passphrase: { file: "passphrase" } },
      verifiers: [],
      jwksUrls: [],
    };
    await writeFile(path.join(folder, "countersign-keys.yaml"), JSON.stringify(local));
    const made = await run("keys init --json");
    assert.equal(made.exitCode, 0, made.output);
  });
  after(() => rm(folder, { recursive: true }));

  async function run(
    line: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const script = `"${process.execPath}" --conditions=@countersign/source --disable-warning=ExperimentalWarning "${CLI}" ${line}`;
    return runCommand(["sh", "-c", script], { cwd: folder, env });
  }

  it("work by a configuration that is in order", async () => {
    const text = await readFile(path.join(FOLDER, "countersign-keys.yaml"), "utf8");
    const { backends, verifiers } = readKeysConfiguration(parse(text), { folder: FOLDER });
    assert.deepEqual([backends[0].backend, verifiers.length], ["aws-kms", 2]);
  });

  for (const name of ["github-actions.yml", "gitlab-ci.yml"]) {
    it(`${name} has commands that do what they are there for`, async () => {
      const commands = await listCommands(name);
      assert.equal(commands.length, 3);
      const listed = await run("keys list --json");
      const { keys } = JSON.parse(listed.output) as { keys: { kid: string; state: string }[] };
      const kid = keys.find(({ state }) => state === "active")?.kid ?? "";
      for (const command of commands) {
        const { exitCode, output } = await run(command, {
          KID: kid,
          REASON: 'found in a log; see "ticket" $(exit 1)',
        });
        assert.equal(exitCode, 0, `${command}: ${output}`);
      }
      assert.match(await readFile(path.join(folder, "public", "rotation.svg"), "utf8"), /^<svg /);
      await cp(path.join(folder, "public", "jwks.json"), path.join(folder, `${name}.json`));
      const jwks = JSON.parse(await readFile(path.join(folder, `${name}.json`), "utf8")) as {
        keys: { kid: string }[];
      };
      assert.ok(!jwks.keys.some((key) => key.kid === kid));
    });
  }

  it("never put what people type into a script but through a variable", async () => {
    const { jobs } = (await readPipeline("github-actions.yml")) as { jobs: { keys: { steps: Step[] } } };
    for (const { run: script = "" } of jobs.keys.steps) assert.ok(!script.includes("${{"), script);
    const { concurrency } = (await readPipeline("github-actions.yml")) as {
      concurrency: { "cancel-in-progress": boolean };
    };
    assert.equal(concurrency["cancel-in-progress"], false);
  });
});
