/**
 * `npm test`: every unit and conformance test from the sources in one process (isolation costs ten times
 * the CPU), then the end-to-end tests, each file in a process of its own. Arguments are patterns of files
 * and options of node's runner (`npm test -- packages/engine/test/token/*.test.ts`): then only those run.
 * Where at most a few files failed, each of them runs a second time, alone: what passes then is no failure,
 * but is named at the end as unsteady, with the file to mend. `--once` leaves that out.
 */

import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, runCommand } from "./run-command.ts";
import type { FailedTest, TestCounts } from "./test-counts-reporter.ts";

/** Longest a single test (or, isolated, a file of tests) may take, and longest one group of tests may. */
const TEST_TIMEOUT_MS = 5 * 60_000;
const GROUP_TIMEOUT_MS = 15 * 60_000;

/** More files than these that fail are a broken change, not tests that a busy machine disturbed. */
const MOST_FILES_AGAIN = 3;

interface TestGroup {
  readonly title: string;
  readonly patterns: readonly string[];
  readonly shared: boolean;
  readonly options?: readonly string[];
}

const GROUPS: readonly TestGroup[] = [
  {
    title: "unit and conformance",
    patterns: ["packages/*/test/**/*.test.ts", "conformance/**/*.test.ts", "bench/**/*.test.ts"],
    shared: true,
  },
  { title: "end to end", patterns: ["test/**/*.test.ts"], shared: false },
];

/** Node 22 knows the option under its experimental name only. */
function isolationOption(shared: boolean): string[] {
  if (!shared) return [];
  return [
    process.allowedNodeEnvironmentFlags.has("--test-isolation")
      ? "--test-isolation=none"
      : "--experimental-test-isolation=none",
  ];
}

/**
 * One entry that loads the files of a shared run. The runner itself drops a file that throws after its first
 * test is registered, and says nothing: here that is a failing test.
 */
function writeEntry(files: readonly string[], directory: string): string {
  const entry = path.join(directory, "entry.test.mjs");
  const urls = files.map((file) => pathToFileURL(path.join(ROOT, file)).href);
  const text = `import { test } from "node:test";
for (const url of ${JSON.stringify(urls, null, 2)}) {
  try {
    await import(url);
  } catch (error) {
    test(\`\${url} loads\`, () => {
      throw error;
    });
  }
}
`;
  writeFileSync(entry, text);
  return entry;
}

async function runGroup(group: TestGroup, countsFile: string): Promise<TestCounts> {
  const files = group.patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: ROOT, exclude: ["**/node_modules/**", "**/dist/**"] }),
  );
  if (files.length === 0) return { passed: 0, failures: [], skipped: [], todo: [] };
  console.log(`\n▌ ${group.title}: ${files.length} files\n`);
  const { exitCode } = await runCommand(
    [
      process.execPath,
      "--conditions=@countersign/source",
      "--disable-warning=ExperimentalWarning",
      "--test",
      ...isolationOption(group.shared),
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${path.join(ROOT, "tools", "test-counts-reporter.ts")}`,
      `--test-reporter-destination=${countsFile}`,
      ...(group.options ?? []),
      ...(group.shared ? [writeEntry(files.sort(), path.dirname(countsFile))] : files.sort()),
    ],
    { output: "inherit", timeoutMs: GROUP_TIMEOUT_MS },
  );
  return readCounts(countsFile, exitCode);
}

/** A runner that died, hung or failed outside of any test counts as one failure, whatever it wrote before. */
function readCounts(file: string, exitCode: number): TestCounts {
  const text = readFileSync(file, "utf8");
  if (text === "") {
    console.error(
      "The test runner ended before its report: a test ended the process, or left something open",
    );
    return { passed: 0, failures: [RUNNER_FAILED], skipped: [], todo: [] };
  }
  const counts = JSON.parse(text) as TestCounts;
  return exitCode !== 0 && counts.failures.length === 0 ? { ...counts, failures: [RUNNER_FAILED] } : counts;
}

/** The failures that stay, and those that did not come again when their file ran alone. */
async function runAgain(
  failures: readonly FailedTest[],
  directory: string,
): Promise<{ readonly lasting: readonly FailedTest[]; readonly unsteady: readonly FailedTest[] }> {
  const files = [...new Set(failures.map(({ file }) => file))];
  if (files.length > MOST_FILES_AGAIN || files.includes(undefined))
    return { lasting: failures, unsteady: [] };
  const passing = new Set<string | undefined>();
  for (const [index, file = ""] of files.entries()) {
    const group = { title: `again, alone: ${path.relative(ROOT, file)}`, patterns: [file], shared: false };
    const counts = await runGroup(group, path.join(directory, `again-${index}.json`));
    if (counts.failures.length === 0 && counts.passed > 0) passing.add(file);
  }
  return {
    lasting: failures.filter(({ file }) => !passing.has(file)),
    unsteady: failures.filter(({ file }) => passing.has(file)),
  };
}

const RUNNER_FAILED: FailedTest = { name: "the test runner", file: undefined };

function groupsFor(parameters: readonly string[]): readonly TestGroup[] {
  if (parameters.length === 0) return GROUPS;
  const options = parameters.filter((parameter) => parameter.startsWith("-"));
  const patterns = parameters.filter((parameter) => !parameter.startsWith("-"));
  if (patterns.length === 0) return GROUPS.map((group) => ({ ...group, options }));
  return [{ title: "chosen", patterns, shared: false, options }];
}

if (process.env["CI"] === "true") {
  const services = await runCommand([process.execPath, "tools/install-services.mjs"], { output: "inherit" });
  if (services.exitCode !== 0) process.exit(services.exitCode);
}
const parameters = process.argv.slice(2).filter((parameter) => parameter !== "--once");
const directory = mkdtempSync(path.join(tmpdir(), "countersign-tests-"));
const total: TestCounts = { passed: 0, failures: [], skipped: [], todo: [] };
let unsteady: readonly FailedTest[] = [];
try {
  for (const [index, group] of groupsFor(parameters).entries()) {
    const counts = await runGroup(group, path.join(directory, `${index}.json`));
    total.passed += counts.passed;
    total.failures.push(...counts.failures);
    total.skipped.push(...counts.skipped);
    total.todo.push(...counts.todo);
  }
  if (total.failures.length > 0 && !process.argv.includes("--once")) {
    const outcome = await runAgain(total.failures, directory);
    total.failures = [...outcome.lasting];
    total.passed += outcome.unsteady.length;
    unsteady = outcome.unsteady;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

const placed = ({ name, file }: FailedTest): string => `${name} (${path.relative(ROOT, file ?? ROOT)})`;
const explained = ({ name, reason }: TestCounts["skipped"][number]): string => `${name} (${reason})`;
list("Skipped here", total.skipped.map(explained));
list("Known not to hold yet", total.todo.map(explained));
list("UNSTEADY: failed among the others, passed alone; mend the test or what it found", unsteady.map(placed));
list("Failed", total.failures.map(placed));
const { passed, failures, skipped } = total;
if (passed + failures.length === 0) console.error("\nNo test was found: that counts as a failure");
const suffix = unsteady.length > 0 ? `, ${unsteady.length} unsteady` : "";
console.log(`\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped${suffix}`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
