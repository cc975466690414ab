/** The door of the repository, in a small checkout of its own with an npm that only notes how it was called. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { ROOT } from "../../tools/run-command.ts";

const TASKS = `export const TASKS = {
  speak: { script: "tools/speak.mjs", parameters: ["first"] },
  wait: { script: "tools/wait.mjs" },
  gone: { script: "tools/gone.mjs" },
};
`;

const SPEAK = `console.log(JSON.stringify({ parameters: process.argv.slice(2), options: process.execArgv }));
process.exit(7);
`;

const WAIT = `process.on("SIGTERM", () => process.exit(40));
process.on("SIGINT", () => process.exit(41));
setInterval(() => {}, 1000);
console.log("ready");
`;

/** Stands in for npm: installs by writing the inner lock, or fails as it is told. */
const NPM = `import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
writeFileSync("called.json", JSON.stringify(process.argv.slice(2)));
if (process.env.NPM_FAILS) { console.error("npm error code E404"); process.exit(1); }
mkdirSync("node_modules", { recursive: true });
copyFileSync("package-lock.json", "node_modules/.package-lock.json");
`;

const LOCK = JSON.stringify({
  packages: {
    "": { name: "small" },
    "node_modules/one": { version: "1.0.0", integrity: "sha512-one" },
    "node_modules/elsewhere": { version: "1.0.0", integrity: "sha512-two", optional: true },
  },
});

let checkout = "";

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(checkout, file)), { recursive: true });
  writeFileSync(path.join(checkout, file), text);
}

function start(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [path.join(checkout, "tools", "bootstrap.mjs"), ...parameters], {
    cwd: checkout,
    env: { ...process.env, npm_execpath: path.join(checkout, "npm-cli.js"), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = start(parameters, environment);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

before(() => {
  checkout = mkdtempSync(path.join(tmpdir(), "countersign-door-"));
  mkdirSync(path.join(checkout, "tools"));
  cpSync(path.join(ROOT, "tools", "bootstrap.mjs"), path.join(checkout, "tools", "bootstrap.mjs"));
  write("tools/tasks.mjs", TASKS);
  write("tools/speak.mjs", SPEAK);
  write("tools/wait.mjs", WAIT);
  write("npm-cli.js", NPM);
  write("package.json", '{ "type": "module" }\n');
});

beforeEach(() => {
  rmSync(path.join(checkout, "node_modules"), { recursive: true, force: true });
  rmSync(path.join(checkout, "called.json"), { force: true });
  write("package-lock.json", LOCK);
});

after(() => rmSync(checkout, { recursive: true, force: true }));

test("the first command installs what the lock names, then runs the task with its parameters and exit code", async () => {
  const { code, stdout, stderr } = await run(["speak", "--second"]);
  assert.equal(code, 7);
  assert.match(stderr, /^countersign: first run here, installing/);
  const called: unknown = JSON.parse(readFileSync(path.join(checkout, "called.json"), "utf8"));
  assert.equal(Array.isArray(called) && called[0], "ci");
  const spoken: unknown = JSON.parse(stdout);
  assert.deepEqual(spoken, {
    parameters: ["first", "--second"],
    options: ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning"],
  });
});

test("nothing is installed where all of the lock is there but for what another platform needs", async () => {
  write(
    "node_modules/.package-lock.json",
    '{"packages":{"node_modules/one":{"version":"1.0.0","integrity":"sha512-one"}}}',
  );
  const { code, stderr } = await run(["speak"]);
  assert.equal(code, 7);
  assert.equal(stderr, "");
  assert.equal(existsSync(path.join(checkout, "called.json")), false);
});

test("another version in the lock is installed", async () => {
  write(
    "node_modules/.package-lock.json",
    '{"packages":{"node_modules/one":{"version":"0.9.0","integrity":"sha512-old"}}}',
  );
  const { stderr } = await run(["speak"]);
  assert.match(stderr, /^countersign: the lock has changed, installing/);
  assert.equal(existsSync(path.join(checkout, "called.json")), true);
});

test("an installation that was cut short is done again", async () => {
  write("node_modules/.package-lock.json", '{"packages":{"node_mod');
  await run(["speak"]);
  assert.equal(existsSync(path.join(checkout, "called.json")), true);
});

test("a failed installation shows what npm said and exits 2", async () => {
  const { code, stderr } = await run(["speak"], { NPM_FAILS: "1" });
  assert.equal(code, 2);
  assert.match(stderr, /npm error code E404/);
  assert.match(stderr, /the installation failed/);
});

test("an unknown task exits 2 and names those there are", async () => {
  const { code, stderr } = await run(["nothing"]);
  assert.equal(code, 2);
  assert.equal(stderr, 'countersign: no task named "nothing"; there are: speak, wait, gone\n');
});

test("a task whose script is not in the checkout exits 2 and says so", async () => {
  const { code, stderr } = await run(["gone"]);
  assert.equal(code, 2);
  assert.match(stderr, /tools\/gone\.mjs does not exist/);
});

for (const [signal, code] of [
  ["SIGTERM", 40],
  ["SIGINT", 41],
] as const) {
  test(`${signal} reaches the task, whose exit code comes back`, async () => {
    const child = start(["wait"]);
    const ended = once(child, "close");
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill(signal);
    await ended;
    assert.equal(child.exitCode, code);
  });
}
