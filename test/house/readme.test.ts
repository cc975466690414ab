/** The README's examples do what the README says. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { checkConfiguration, parseConfiguration } from "@countersign/server";

const ROOT = path.resolve(import.meta.dirname, "../..");
const README = readFileSync(path.join(ROOT, "README.md"), "utf8");

/** Code blocks of the README in their order, each with its language. */
function readBlocks(): readonly { readonly language: string; readonly text: string }[] {
  return [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
}

describe("the README", () => {
  it("has an example of ten lines that runs as printed and prints what is shown below it", async () => {
    const blocks = readBlocks();
    const index = blocks.findIndex(({ language }) => language === "js");
    const example = blocks[index]?.text ?? "";
    assert.ok(example.trim().split("\n").length <= 12);
    // Inside the repository, so that `countersign` is found as an installed package would be.
    const folder = await mkdtemp(path.join(ROOT, "test", "readme-"));
    try {
      await writeFile(path.join(folder, "example.mjs"), example);
      const command = ["--conditions=@countersign/source", path.join(folder, "example.mjs")];
      const { stdout } = await promisify(execFile)(process.execPath, command, {
        env: { ...process.env, NO_COLOR: "1" },
      });
      assert.equal(stdout, blocks[index + 1]?.text);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("shows a configuration that is accepted, without problems", () => {
    const [yaml] = readBlocks().filter(({ language }) => language === "yaml");
    const configuration = parseConfiguration(yaml?.text ?? "", { env: {}, baseDir: ROOT });
    assert.equal(configuration.issuers.length, 1);
    assert.deepEqual(checkConfiguration(yaml?.text ?? "", { env: {}, baseDir: ROOT }).problems, []);
  });

  it("names commands that exist", () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
      scripts: object;
    };
    for (const name of ["start", "test"])
      assert.ok(README.includes(`npm ${name}`) && Object.hasOwn(scripts, name));
  });
});
