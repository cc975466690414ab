/** Every rule of `npm run check` is held against a file that breaks it, in a small house of its own. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { checkFileLengths } from "../../tools/check-file-lengths.ts";
import { checkLayers } from "../../tools/check-layers.ts";
import { checkLinks } from "../../tools/check-links.ts";
import { checkMachinePaths } from "../../tools/check-machine-paths.ts";
import { checkManifests } from "../../tools/check-manifests.ts";
import type { Finding } from "../../tools/finding.ts";
import { ROOT } from "../../tools/run-command.ts";
import { VIOLATIONS, type Violation } from "./violations.ts";

/** The files of the real house that the rules live in. */
const RULES = [
  ".gitignore",
  ".oxlintrc.json",
  "LICENSE",
  "biome.json",
  "package.json",
  "tsconfig.base.json",
  "packages/engine/package.json",
  "packages/engine/tsconfig.json",
];

/** A sound house: one small room of each kind that the violations lean on. */
const SOUND: Readonly<Record<string, string>> = {
  "packages/engine/src/token/token.ts": "export const token = 1;\n",
  "packages/engine/src/token/parse.ts":
    'import { token } from "./token.ts";\n\nexport const parse: number = token;\n',
  "packages/engine/src/claims/claims.ts": "export interface Claims {\n  readonly sub: string;\n}\n",
  "packages/engine/src/principal/principal.ts": "export const principal = 1;\n",
  "packages/engine/src/validator/validate.ts":
    'import { parse } from "../token/parse.ts";\n\nexport const validate: number = parse;\n',
  "packages/engine/src/index.ts": 'export { validate } from "./validator/validate.ts";\n',
  "packages/engine/README.md": "# Engine\n",
  "packages/server/src/decision/core.ts": "export const core = 1;\n",
  "packages/server/src/listeners/listener.ts": 'import "../decision/core.ts";\n',
  "packages/signing-keys/src/index.ts": "export const signingKeys = 1;\n",
  "packages/dev-idp/src/index.ts": "export const devIdp = 1;\n",
  "packages/cli/src/main.ts": "export const main = 1;\n",
};

const OWN_CHECKS: Readonly<Partial<Record<Violation["check"], (root: string) => readonly Finding[]>>> = {
  layers: checkLayers,
  lengths: checkFileLengths,
  "machine paths": checkMachinePaths,
  links: checkLinks,
  manifests: checkManifests,
};

const COMMANDS: Readonly<Partial<Record<Violation["check"], readonly string[]>>> = {
  biome: ["biome", "ci", "--colors=off", "--max-diagnostics=50", "."],
  oxlint: ["oxlint", "--deny-warnings"],
  tsc: ["tsc", "-p", "packages/engine/tsconfig.json", "--noEmit"],
};

let house = "";

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(house, file)), { recursive: true });
  writeFileSync(path.join(house, file), text);
}

/** Output of the check, empty where it passed. */
function runCheck(check: Violation["check"]): string {
  const own = OWN_CHECKS[check];
  if (own !== undefined)
    return own(house)
      .map(({ message }) => message)
      .join("\n");
  const [program = "", ...parameters] = COMMANDS[check] ?? [];
  const binary = path.join(ROOT, "node_modules", ".bin", program);
  const { status, stdout, stderr } = spawnSync(binary, parameters, { cwd: house, encoding: "utf8" });
  return status === 0 ? "" : `exit ${status}\n${stdout}${stderr}`;
}

before(() => {
  house = mkdtempSync(path.join(tmpdir(), "countersign-house-"));
  for (const file of RULES) cpSync(path.join(ROOT, file), path.join(house, file), { recursive: true });
  symlinkSync(path.join(ROOT, "node_modules"), path.join(house, "node_modules"));
  for (const [file, text] of Object.entries(SOUND)) write(file, text);
  cpSync(path.join(ROOT, "LICENSE"), path.join(house, "packages/engine/LICENSE"));
  execFileSync("git", ["init", "--quiet"], { cwd: house });
  execFileSync(path.join(ROOT, "node_modules/.bin/biome"), ["format", "--write", "."], {
    cwd: house,
    stdio: "ignore",
  });
});

after(() => rmSync(house, { recursive: true, force: true }));

for (const check of [...Object.keys(OWN_CHECKS), ...Object.keys(COMMANDS)] as Violation["check"][]) {
  test(`${check} accepts a sound house`, () => {
    assert.equal(runCheck(check), "");
  });
}

for (const { what, check, path: file, text, expected } of VIOLATIONS) {
  test(`${check} refuses ${what}`, () => {
    write(file, text);
    try {
      assert.match(runCheck(check), expected);
    } finally {
      rmSync(path.join(house, file));
      const sound = SOUND[file];
      if (sound !== undefined) write(file, sound);
    }
  });
}
