import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import type { ValidatorFlags } from "../open-validator.ts";
import { openValidator } from "../open-validator.ts";
import { addExamples } from "../output/examples.ts";
import { renderExplanation } from "../output/explanation-report.ts";
import { writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";
import { readToken } from "../token-input.ts";
import { judgeVerdict } from "../verdict-exit.ts";
import { addTokenOptions, addValidatorOptions } from "./validator-options.ts";

interface ExplainFlags extends ValidatorFlags {
  readonly tokenFile?: string;
  readonly json?: true;
}

/** Adds `countersign explain`. */
export function addExplainCommand(program: Command, context: CommandContext): void {
  const explain = program
    .command("explain")
    .description(
      "Runs every check on a token, also after the first that fails, and says what each expected, what it found and what to do. Exits as verify does.",
    )
    .summary("run every check on a token and say what each found");
  addValidatorOptions(addTokenOptions(explain))
    .option("--json", "print one JSON document")
    .action(async (token: string | undefined, flags: ExplainFlags) => {
      context.report(await explainToken(token, { flags, terminal: context.terminal }));
    });
  addExamples(explain, [
    ["countersign explain --config countersign.yaml --token-file token.txt", "why is this token refused?"],
    [
      "countersign explain --config countersign.yaml -f token.txt --at 2026-11-23T02:14:00Z",
      "why was it refused last night?",
    ],
  ]);
}

async function explainToken(
  argument: string | undefined,
  { flags, terminal }: { readonly flags: ExplainFlags; readonly terminal: Terminal },
): Promise<ExitCode> {
  const { validator, keyFailures } = await openValidator(flags, terminal);
  try {
    const token = await readToken(terminal, { argument, tokenFile: flags.tokenFile });
    const explanation = await validator.explain(token);
    if (flags.json === true) writeJson(terminal, { ...explanation, keyFailures });
    else terminal.stdout.write(renderExplanation(explanation, { terminal, at: flags.at }));
    if (flags.json !== true)
      for (const failure of keyFailures) terminal.stderr.write(`countersign: ${failure}\n`);
    return judgeVerdict(explanation.verdict);
  } finally {
    await validator.close();
  }
}
