/** `npm run check`: everything a machine can say about the code without running it. Every step runs; the failing ones show their output. */

import { globSync } from "node:fs";
import path from "node:path";
import { checkFileLengths } from "./check-file-lengths.ts";
import { checkLayers } from "./check-layers.ts";
import { checkLinks } from "./check-links.ts";
import { checkMachinePaths } from "./check-machine-paths.ts";
import { checkManifests } from "./check-manifests.ts";
import type { Finding } from "./finding.ts";
import { ROOT, runCommand } from "./run-command.ts";
import { removeStaleOutput } from "./stale-output.ts";

interface StepResult {
  readonly passed: boolean;
  readonly output: string;
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<StepResult> | StepResult;
}

function tool(name: string, command: readonly string[], cwd: string = ROOT): Step {
  return {
    name,
    run: async () => {
      const { exitCode, output } = await runCommand(command, { cwd });
      return { passed: exitCode === 0, output };
    },
  };
}

function ownCheck(name: string, find: (root: string) => readonly Finding[]): Step {
  return {
    name,
    run: () => {
      const findings = find(ROOT);
      const lines = findings.map(({ path: file, line, message }) => `${file}:${line}: ${message}`);
      return { passed: findings.length === 0, output: `${lines.join("\n")}\n` };
    },
  };
}

/** Packages as they would be published; the compiler has written `dist` before. */
function packageSteps(): Step[] {
  return globSync("packages/*/package.json", { cwd: ROOT })
    .map((manifest) => path.dirname(manifest))
    .sort()
    .flatMap((folder) => [
      tool(`publint ${folder}`, ["publint", "run", folder, "--strict", "--pack", "npm"]),
      tool(`attw ${folder}`, ["attw", "--pack", folder, "--profile", "esm-only", "--no-emoji", "--no-color"]),
    ]);
}

const STEPS: readonly Step[] = [
  tool("types", ["tsc", "-b"]),
  tool("format, imports, names (biome)", ["biome", "ci", "--colors=off", "--max-diagnostics=100", "."]),
  tool("promises and types in use (oxlint)", ["oxlint", "--deny-warnings"]),
  ownCheck("layers", checkLayers),
  ownCheck("file lengths", checkFileLengths),
  ownCheck("machine paths", checkMachinePaths),
  ownCheck("links", checkLinks),
  ownCheck("manifests", checkManifests),
  tool("unused code and dependencies (knip)", ["knip", "--no-progress"]),
  ...packageSteps(),
];

async function runStep(step: Step): Promise<boolean> {
  const startedAtMs = performance.now();
  let result: StepResult;
  try {
    result = await step.run();
  } catch (error) {
    result = { passed: false, output: `${error instanceof Error ? error.message : String(error)}\n` };
  }
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${result.passed ? "✓" : "✗"} ${step.name} (${seconds} s)`);
  if (!result.passed) console.log(result.output.replace(/^(?=.)/gm, "    "));
  return result.passed;
}

removeStaleOutput(ROOT);
const failed: string[] = [];
for (const step of STEPS) {
  if (!(await runStep(step))) failed.push(step.name);
}
if (failed.length > 0)
  console.log(`\n${failed.length} of ${STEPS.length} checks failed: ${failed.join("; ")}`);
else console.log(`\nAll ${STEPS.length} checks passed`);
process.exitCode = failed.length > 0 ? 1 : 0;
