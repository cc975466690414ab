import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { isMistake, renderConfigurationReport } from "../output/configuration-report.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";

interface CheckFlags {
  readonly config: string;
  readonly strict?: true;
  readonly json?: true;
}

const DETAILS = `
Nothing is started and nothing is fetched. Exit 2 where the file cannot be used; 1 where it can, but a
published way around gateways is open or a route cannot be meant as it is; else 0. Other opt-outs and
exposures are listed and count with --strict only. What the file accepts under \`exceptions\`, with its
reason, is listed and does not count.
`;

/** Adds `countersign check`. */
export function addCheckCommand(program: Command, context: CommandContext): void {
  const check = program
    .command("check")
    .description(
      "Checks a configuration file as a whole: every problem with its place and its remedy, opt-outs in force, and the routes in the order in which they are tried.",
    )
    .summary("check a configuration file")
    .requiredOption("-c, --config <file>", "the sidecar's configuration")
    .option("--strict", "exit 1 also for opt-outs and exposures")
    .option("--json", "print one JSON document")
    .addHelpText("after", DETAILS)
    .action(async (flags: CheckFlags) => {
      context.report(await checkFile(flags, context.terminal));
    });
  addExamples(check, [
    ["countersign check --config countersign.yaml", "before you restart anything"],
    ["countersign check --config countersign.yaml --strict", "in a pipeline that admits no opt-out"],
  ]);
}

async function checkFile({ config, strict, json }: CheckFlags, terminal: Terminal): Promise<ExitCode> {
  const { checkConfigurationFile } = await import("../check-configuration-file.ts");
  const report = await checkConfigurationFile(config);
  const usable = report.problems.length === 0;
  const clean = usable && !report.findings.some((finding) => strict === true || isMistake(finding));
  if (json === true) writeJson(terminal, { ok: clean, file: config, ...report });
  else terminal.stdout.write(renderConfigurationReport(report, { terminal, file: config }));
  if (!usable) return EXIT.usage;
  return clean ? EXIT.ok : EXIT.negative;
}
