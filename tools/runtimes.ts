/**
 * `npm run runtimes`: the shared suite on Node 22, 24, 26, Bun, Deno and workerd, the engine's own tests wherever
 * the runtime has a runner for them, and what the sidecar's listeners promise on Bun. Names of runtimes may follow; default all. `--suite-only`
 * leaves the engine's own tests out.
 */

import { globSync } from "node:fs";
import path from "node:path";
import type { SuiteReport } from "../conformance/runtimes/run-cases.ts";
import { cases } from "../conformance/suite/index.ts";
import { installRuntime } from "./install-runtime.ts";
import { ROOT, runCommand } from "./run-command.ts";
import { RUNTIMES, type Runtime } from "./runtime-table.ts";

const TIMEOUT_MS = 5 * 60_000;

/** Runtimes speak about updates and keep caches in the home directory unless told otherwise. */
const ENVIRONMENT = {
  DENO_DIR: path.join(ROOT, ".cache", "deno"),
  DENO_NO_UPDATE_CHECK: "1",
  DO_NOT_TRACK: "1",
  NO_COLOR: "1",
};

interface RuntimeResult {
  readonly passed: number;
  readonly problems: readonly string[];
}

/** A report that is missing, short or unreadable is a problem: silence proves nothing. */
function judgeSuite(stdout: string, output: string): RuntimeResult {
  let report: SuiteReport;
  try {
    report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as SuiteReport;
  } catch {
    return { passed: 0, problems: [`the suite gave no report:\n${output}`] };
  }
  const problems = report.failed.map(({ name, error }) => `${name}: ${error}`);
  const seen = new Set(report.passed);
  const lost = cases.filter(
    ({ name }) => !seen.has(name) && !report.failed.some((failure) => failure.name === name),
  );
  return { passed: seen.size, problems: [...problems, ...lost.map(({ name }) => `did not run: ${name}`)] };
}

async function runOwnTests(runtime: Runtime, program: string): Promise<RuntimeResult> {
  if (runtime.test === undefined) return { passed: 0, problems: [] };
  const without = Object.keys(runtime.without ?? {});
  const files = globSync(["packages/engine/test/**/*.test.ts", ...(runtime.sidecar ?? [])], { cwd: ROOT })
    .filter((file) => !without.some((beginning) => file.startsWith(beginning)))
    .map((file) => `./${file}`)
    .sort();
  const { exitCode, output } = await runCommand([program, ...runtime.test, ...files], {
    env: ENVIRONMENT,
    timeoutMs: TIMEOUT_MS,
  });
  // Each runner closes with its own line: "ℹ pass 3", "# pass 3", " 3 pass", "ok | 3 passed".
  const [, first, second] = /^(?:ℹ|#) pass (\d+)$|\b(\d+) pass(?:ed)?\b/m.exec(output) ?? [];
  const passed = Number(first ?? second ?? 0);
  if (exitCode === 0 && passed > 0) return { passed, problems: [] };
  return { passed, problems: [`the engine's own tests ended with ${exitCode}:\n${output.slice(-6000)}`] };
}

async function runRuntime(runtime: Runtime, suiteOnly: boolean): Promise<RuntimeResult> {
  const program = await installRuntime(runtime);
  const suite = await runCommand([program, ...runtime.run, runtime.entry], {
    env: ENVIRONMENT,
    timeoutMs: TIMEOUT_MS,
  });
  const judged = judgeSuite(suite.stdout, suite.output);
  const own = suiteOnly ? { passed: 0, problems: [] } : await runOwnTests(runtime, program);
  console.log(
    `${runtime.name}: ${judged.passed} of ${cases.length} cases of the suite, ${own.passed} tests of its own`,
  );
  for (const [beginning, reason] of Object.entries(suiteOnly ? {} : (runtime.without ?? {}))) {
    console.log(`  without ${beginning}: ${reason}`);
  }
  return { passed: judged.passed + own.passed, problems: [...judged.problems, ...own.problems] };
}

const parameters = process.argv.slice(2);
const suiteOnly = parameters.includes("--suite-only");
const names = parameters.filter((parameter) => parameter !== "--suite-only");
const unknown = names.filter((name) => !RUNTIMES.some((runtime) => runtime.name === name));
if (unknown.length > 0) {
  console.error(
    `no runtime named ${unknown.join(", ")}; there are: ${RUNTIMES.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
let passed = 0;
let failed = 0;
for (const runtime of RUNTIMES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const result = await runRuntime(runtime, suiteOnly);
  passed += result.passed;
  failed += result.problems.length;
  for (const problem of result.problems) console.error(`  ✗ ${problem.replaceAll("\n", "\n    ")}`);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
