// commander: no dependencies, commands with typed help and suggestions; parseArgs of node has no commands.
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { CommandFailure } from "./command-failure.ts";
import { addAuditCommand } from "./commands/audit-verify.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addConvertCommand } from "./commands/convert.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addExplainCommand } from "./commands/explain.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addInventoryCommand } from "./commands/inventory.ts";
import { addIssuerCommand } from "./commands/issuer-check.ts";
import { addKeysCommand } from "./commands/keys.ts";
import { addPermissionsCommand } from "./commands/permissions.ts";
import { addRevokeCommand } from "./commands/revoke.ts";
import { addRulesCommand } from "./commands/rules-export.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import type { ExitCode } from "./exit-code.ts";
import { EXIT } from "./exit-code.ts";
import { redactTokens } from "./output/printable.ts";
import { readVersion } from "./read-version.ts";
import type { Terminal } from "./terminal.ts";
import { reportError } from "./terminal.ts";

const SUMMARY = "Decides whether a JWT may pass, and says why not.";

const CODES = `
Exit codes:
  0  success: accepted, nothing found
  1  negative answer: rejected, or a check found something wrong
  2  the command line, a file or the configuration cannot be used
  3  a dependency is unavailable: the answer could not be had
`;

function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command("countersign");
  program
    .description(SUMMARY)
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .exitOverride()
    .showHelpAfterError("             see countersign --help")
    .configureHelp({ styleTitle: (title) => terminal.paint("bold", title), styleCommandText: (text) => text })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(redactTokens(text).replace(/^error: /, "countersign: ")),
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
    })
    .addHelpText("after", CODES);
  addDemoCommand(program, context);
  addServeCommand(program, context);
  addCheckCommand(program, context);
  addInspectCommand(program, context);
  addVerifyCommand(program, context);
  addExplainCommand(program, context);
  addPermissionsCommand(program, context);
  addIssuerCommand(program, context);
  addKeysCommand(program, context);
  addRevokeCommand(program, context);
  addAuditCommand(program, context);
  addDoctorCommand(program, context);
  addInventoryCommand(program, context);
  addRulesCommand(program, context);
  addConvertCommand(program, context);
  return program;
}

/** Runs one command line (without interpreter and script) and gives the exit code. Never rejects. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const report = (code: ExitCode): void => {
    exitCode = code;
  };
  try {
    await createProgram({ terminal, report }).parseAsync(setApartKeyIds(argv), { from: "user" });
    return exitCode;
  } catch (error) {
    return explainFailure(error, terminal);
  }
}

/** A thumbprint of SHA-256 (RFC 7638) that begins like an option, as one of 64 does. */
const DASHED_KEY_ID = /^-[A-Za-z0-9_-]{42}$/;

/** In an emergency nobody should have to know how a name with a dash in front is told from an option. */
function setApartKeyIds(argv: readonly string[]): readonly string[] {
  if (argv[0] !== "keys" || argv.includes("--")) return argv;
  const keyIds = argv.filter((word) => DASHED_KEY_ID.test(word));
  return keyIds.length === 0 ? argv : [...argv.filter((word) => !keyIds.includes(word)), "--", ...keyIds];
}

function explainFailure(error: unknown, terminal: Terminal): ExitCode {
  // Commander has already written its message; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandFailure) {
    reportError(terminal, error);
    return error.exitCode;
  }
  const report = error instanceof Error ? (error.stack ?? error.message) : String(error);
  reportError(terminal, { message: "a defect, please report it", hints: redactTokens(report).split("\n") });
  return EXIT.defect;
}
