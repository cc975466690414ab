/** The npm package as a user gets it: built from a copy of the sources, packed, installed in a clean folder. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(REPOSITORY, "node_modules", ".bin", "tsc");
const TIMEOUT_MS = 120_000;

export interface Installed {
  /** Where the package is installed under `node_modules`. */
  readonly folder: string;
  /** Paths inside the tarball. */
  readonly files: readonly string[];
  /** Bytes of the tarball. */
  readonly packedBytes: number;
  /** Writes files into the folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Standard output of a program that runs in the folder. @throws Error with its output where it fails. */
  run(program: string, parameters: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

async function runIn(
  folder: string,
  command: readonly [program: string, ...parameters: string[]],
): Promise<string> {
  const [program, ...parameters] = command;
  // Without the variables of the npm that runs the tests: they name its own project.
  const kept = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  const env = { ...Object.fromEntries(kept), NODE_OPTIONS: "", npm_config_update_notifier: "false" };
  try {
    return (await run(program, parameters, { cwd: folder, env, timeout: TIMEOUT_MS })).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${parameters.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Builds in a copy, because a build leaves the files of deleted sources where it writes, and they would be packed. */
async function buildCopy(folder: string): Promise<string> {
  const engine = join(folder, "packages", "engine");
  await mkdir(engine, { recursive: true });
  await cp(join(REPOSITORY, "tsconfig.base.json"), join(folder, "tsconfig.base.json"));
  await cp(join(REPOSITORY, "packages", "engine"), engine, {
    recursive: true,
    filter: (source) => !/[\\/](?:dist|node_modules|test)$/.test(source),
  });
  await mkdir(join(folder, "node_modules", "@types"), { recursive: true });
  for (const name of ["@types/node", "undici-types"]) {
    await symlink(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  await runIn(engine, [TSC, "-b", "tsconfig.json", "tsconfig.node.json"]);
  return engine;
}

/** Packs the engine and installs the tarball, without a network, in a folder that knows nothing of this repository. */
export async function installEngine(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-pack-"));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const engine = await buildCopy(join(folder, "build"));
    const packed = await runIn(engine, ["npm", "pack", "--json", "--ignore-scripts"]);
    const [tarball] = JSON.parse(packed) as { filename: string; size: number; files: { path: string }[] }[];
    if (tarball === undefined) throw new Error("npm pack named no tarball");
    const user = join(folder, "user");
    await mkdir(user);
    await writeFile(
      join(user, "package.json"),
      JSON.stringify({ name: "user", private: true, type: "module" }),
    );
    const path = join(engine, tarball.filename);
    await runIn(user, ["npm", "install", path, "--offline", "--ignore-scripts", "--no-audit", "--no-fund"]);
    return {
      folder: user,
      files: tarball.files.map((file) => file.path),
      packedBytes: tarball.size,
      async write(files) {
        for (const [name, text] of Object.entries(files)) await writeFile(join(user, name), text);
      },
      run: (program, parameters) => runIn(user, [program === "tsc" ? TSC : program, ...parameters]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
