/** A real SoftHSM token in a folder of its own. */

import { execFile } from "node:child_process";
import { accessSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

export interface SoftHsm {
  readonly module: string;
  readonly token: string;
  readonly pin: string;
  readonly pinFile: string;
  readonly folder: string;
  stop(): Promise<void>;
}

const MODULES = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"];
const TOKEN = "countersign-test";
const PIN = "pin-of-the-test-token";

const run = promisify(execFile);

/** Why tests of tokens cannot run, for `skip`; false where they can. Said aloud. In CI nothing is skipped: the test fails. */
export function skipWithoutSoftHsm(): string | false {
  const problem = findProblem();
  if (problem === undefined || process.env["CI"] === "true") return false;
  process.stderr.write(
    `SKIPPED: ${problem}, so the tests that need it do not run here; \`node tools/install-services.mjs\` brings SoftHSM, \`npm ci\` the binding where there is a compiler\n`,
  );
  return problem;
}

function findProblem(): string | undefined {
  if (findModule() === undefined) return "SoftHSM is not installed";
  try {
    accessSync(createRequire(import.meta.url).resolve("pkcs11js"));
    return undefined;
  } catch {
    return "pkcs11js was not built";
  }
}

function findModule(): string | undefined {
  return MODULES.find((file) => existsSync(file));
}

/** One at a time in a process: the module reads its configuration when it is loaded. */
export async function startSoftHsm(): Promise<SoftHsm> {
  const problem = findProblem();
  const module = findModule();
  if (problem !== undefined || module === undefined)
    throw new Error(`${problem ?? "no module"}; CI must install it`);
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-softhsm-"));
  const tokens = path.join(folder, "tokens");
  const configuration = path.join(folder, "softhsm2.conf");
  const pinFile = path.join(folder, "pin");
  await mkdir(tokens);
  await writeFile(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  await writeFile(pinFile, `${PIN}\n`, { mode: 0o600 });
  const before = process.env["SOFTHSM2_CONF"];
  process.env["SOFTHSM2_CONF"] = configuration;
  await run("softhsm2-util", [
    "--init-token",
    "--free",
    "--label",
    TOKEN,
    "--pin",
    PIN,
    "--so-pin",
    "officer-pin",
  ]);
  return {
    module,
    token: TOKEN,
    pin: PIN,
    pinFile,
    folder,
    async stop() {
      if (before === undefined) delete process.env["SOFTHSM2_CONF"];
      else process.env["SOFTHSM2_CONF"] = before;
      await rm(folder, { recursive: true });
    },
  };
}
