import type { Command } from "commander";
import type { Validator, Verdict } from "countersign";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import type { OpenedValidator, ValidatorFlags } from "../open-validator.ts";
import { openValidator } from "../open-validator.ts";
import { addExamples } from "../output/examples.ts";
import { formatJsonLine } from "../output/json-output.ts";
import { renderVerdict } from "../output/verdict-report.ts";
import type { Terminal } from "../terminal.ts";
import { writeFully } from "../terminal.ts";
import { readToken } from "../token-input.ts";
import { readLineBatches } from "../token-lines.ts";
import { judgeVerdict } from "../verdict-exit.ts";
import { addTokenOptions, addValidatorOptions } from "./validator-options.ts";

interface VerifyFlags extends ValidatorFlags {
  readonly tokenFile?: string;
  readonly lines?: true;
  readonly json?: true;
}

const DETAILS = `
With --lines, standard input is one token a line and standard output one JSON verdict a line, in
order; an empty line is answered too. Exit 3 if any token could not be checked, else 1 if any was
rejected, else 0.
`;

/** Adds `countersign verify`. */
export function addVerifyCommand(program: Command, context: CommandContext): void {
  const verify = program
    .command("verify")
    .description("Decides whether a token is accepted: exit 0 accepted, 1 rejected, 3 could not be checked.")
    .summary("decide whether a token is accepted");
  addValidatorOptions(addTokenOptions(verify))
    .option("--lines", "one token a line on standard input, one JSON verdict a line on standard output")
    .option("--json", "print the verdict as one line of JSON")
    .addHelpText("after", DETAILS)
    .action(async (token: string | undefined, flags: VerifyFlags) => {
      context.report(await verifyTokens(token, { flags, terminal: context.terminal }));
    });
  addExamples(verify, [
    [
      "countersign verify --config countersign.yaml --token-file token.txt",
      "one token against your configuration",
    ],
    [
      "countersign verify --issuer https://idp.example.com/ --audience https://api.example.com < token.txt",
      "without a configuration",
    ],
    ["countersign verify --config countersign.yaml --lines < tokens.txt > verdicts.jsonl", "many tokens"],
  ]);
}

async function verifyTokens(
  argument: string | undefined,
  { flags, terminal }: { readonly flags: VerifyFlags; readonly terminal: Terminal },
): Promise<ExitCode> {
  const { tokenFile } = flags;
  if (flags.lines === true && (argument !== undefined || tokenFile !== undefined)) {
    throw new CommandFailure("--lines reads standard input and takes no other token", {
      exitCode: EXIT.usage,
    });
  }
  const opened = await openValidator(flags, terminal);
  try {
    if (flags.lines === true) return await verifyLines(opened.validator, terminal);
    const verdict = await opened.validator.validate(await readToken(terminal, { argument, tokenFile }));
    terminal.stdout.write(
      flags.json === true
        ? `${formatJsonLine(verdict)}\n`
        : renderVerdict(verdict, { terminal, at: flags.at }),
    );
    tellKeyFailures(verdict, { opened, terminal });
    return judgeVerdict(verdict);
  } finally {
    await opened.validator.close();
  }
}

function tellKeyFailures(
  verdict: Verdict,
  { opened, terminal }: { readonly opened: OpenedValidator; readonly terminal: Terminal },
): void {
  if (verdict.ok || verdict.fault !== "system") return;
  for (const failure of opened.keyFailures) terminal.stderr.write(`countersign: ${failure}\n`);
}

/** Verdicts collected before they are written, in characters. */
const FLUSH_AT = 65_536;

async function verifyLines(validator: Validator, { stdin, stdout }: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  for await (const lines of readLineBatches(stdin)) {
    let output = "";
    for (const line of lines) {
      const verdict = await validator.validate(line);
      // The codes rise with what matters: 0 accepted, 1 rejected, 3 could not be checked.
      const code = judgeVerdict(verdict);
      if (code > exitCode) exitCode = code;
      output += `${formatJsonLine(verdict)}\n`;
      if (output.length >= FLUSH_AT) {
        await writeFully(stdout, output);
        output = "";
      }
    }
    await writeFully(stdout, output);
  }
  return exitCode;
}
