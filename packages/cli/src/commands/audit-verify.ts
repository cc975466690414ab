import { type Command, InvalidArgumentError } from "commander";

import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";

interface VerifyFlags {
  readonly config?: string;
  readonly key?: string;
  readonly live?: true;
  readonly anchor?: { readonly sequence: number; readonly hash: string };
  readonly json?: true;
}

const DETAILS = `
Every line names the hash of the line before it, over all files, and some are signed: what was changed, cut,
moved or added is found, and where. Exit 1 then; notes, such as a crash that left a file without its end, do
not count. The end of the newest file can be cut back to an earlier end without a trace in what is left: keep
the last line of this command's output elsewhere, and give it as --anchor the next time.
`;

/** Adds `countersign audit verify`. */
export function addAuditCommand(program: Command, context: CommandContext): void {
  const audit = program
    .command("audit")
    .description("Looks after the audit trail.")
    .summary("find out whether an audit trail was changed");
  const verify = audit
    .command("verify")
    .description(
      "Verifies the files of an audit trail: those that the configuration names, or those given, oldest first.",
    )
    .summary("find out whether an audit trail was changed")
    .argument("[files...]", "files of the trail, oldest first")
    .option("-c, --config <file>", "the sidecar's configuration, which says where the files and the key are")
    .option("--key <file>", "the signing key, or its public half (PEM)")
    .option("--live", "the newest file is still being written")
    .option(
      "--anchor <sequence:hash>",
      "a record that was seen before, as this command prints it",
      parseAnchor,
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", DETAILS)
    .action(async (files: readonly string[], flags: VerifyFlags) => {
      context.report(await verifyFiles(files, flags, context.terminal));
    });
  addExamples(verify, [
    ["countersign audit verify --config countersign.yaml --live", "while the sidecar runs"],
    ["countersign audit verify audit.000001.jsonl audit.000002.jsonl --key audit.pub", "what was put away"],
  ]);
}

async function verifyFiles(
  files: readonly string[],
  flags: VerifyFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const { verifyTrail } = await import("../audit/verify-trail.ts");
  const { renderAuditReport } = await import("../output/audit-report.ts");
  const { report, paths } = await verifyTrail(files, flags);
  const isWhole = report.problems.length === 0;
  if (flags.json === true) writeJson(terminal, { ok: isWhole, files: paths, ...report });
  else terminal.stdout.write(renderAuditReport(report, { terminal, files: paths.length }));
  return isWhole ? EXIT.ok : EXIT.negative;
}

function parseAnchor(text: string): NonNullable<VerifyFlags["anchor"]> {
  const [, sequence, hash] = /^([0-9]{1,15}):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (hash === undefined) throw new InvalidArgumentError("Expected a number, a colon and a hash.");
  return { sequence: Number(sequence), hash };
}
