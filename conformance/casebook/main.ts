/** `npm run casebook`: the casebook, pointed at any gateway. */

import { writeFileSync } from "node:fs";

import { CASEBOOK } from "./casebook.ts";
import { type CommandOptions, readCommand, USAGE, UsageError } from "./command-options.ts";
import { createGatewayFront } from "./gateway-front.ts";
import { chooseExitCode, createReport, describeResult, summarize } from "./report.ts";
import { startEcho } from "./start-echo.ts";

async function runCommand(parameters: readonly string[]): Promise<number> {
  const command = readCommand(parameters);
  if (command.kind === "help") {
    console.log(USAGE);
    return 0;
  }
  if (command.kind === "run") return runAgainst(command.options);
  const echo = await startEcho(command.port);
  console.log(`The echo application listens on ${echo.url}`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await echo.close();
  return 0;
}

async function runAgainst({ target, echo, scene, json }: CommandOptions): Promise<number> {
  const byNumber = new Map(CASEBOOK.map((entry) => [entry.number, entry]));
  const report = await createReport(CASEBOOK, {
    front: createGatewayFront({ target, echo }),
    scene,
    onResult: (result) => {
      const entry = byNumber.get(result.number);
      if (entry !== undefined) console.log(describeResult(entry, result));
    },
  });
  const exitCode = chooseExitCode(report);
  const { controls, problems } = report;
  for (const problem of problems) console.log(`\n${problem}`);
  console.log(`\n${summarize(report)}`);
  if (!controls.open)
    console.log(`Nobody reaches the application at ${scene.open}: is it open, and is this its echo?`);
  if (!controls.admitted)
    console.log(`No valid token reaches it at ${scene.guarded}: give one with --token-file`);
  if (json !== undefined)
    writeFileSync(json, `${JSON.stringify({ target, exitCode, ...report }, undefined, 2)}\n`);
  return exitCode;
}

try {
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(
    isUsage ? `${error.message}\n\n${USAGE}` : error instanceof Error ? error.message : String(error),
  );
  process.exitCode = isUsage ? 2 : 3;
}
