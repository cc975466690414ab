import { type Command, InvalidArgumentError } from "commander";

import type { CommandContext } from "../command-context.ts";
import { addExamples } from "../output/examples.ts";
import type { ApiFlags } from "../revoke/api-client.ts";
import type { ListFlags } from "../revoke/move-revocations.ts";
import type { RevokeFlags } from "../revoke/revoke-target.ts";
import { addApiOptions, addWaitOptions } from "./revoke-options.ts";

const MAX_LISTED = 1_000_000;

/** Adds `list`, `lift`, `import` and `export`. */
export function addRevokeAdministration(revoke: Command, context: CommandContext): void {
  addListCommand(revoke, context);
  addLiftCommand(revoke, context);
  const imported = revoke
    .command("import")
    .description(
      "Takes revocations as `export` writes them, one JSON object a line; repeating it is harmless.",
    )
    .summary("take many from a file")
    .argument("<file>", "- is standard input");
  addWaitOptions(addApiOptions(imported))
    .option("--json", "print one line of JSON")
    .action(async (file: string, flags: RevokeFlags) => {
      const { importRevocations } = await import("../revoke/move-revocations.ts");
      context.report(await importRevocations(file, flags, context));
    });
  addExamples(imported, [["countersign revoke import revocations.jsonl --wait", "from another store"]]);
  const exported = revoke
    .command("export")
    .description("Writes the revocations in force to standard output, one JSON object a line.")
    .summary("write those in force");
  addApiOptions(exported)
    .option("--json", "as always: one JSON object a line")
    .action(async (flags: ApiFlags) => {
      const { exportRevocations } = await import("../revoke/move-revocations.ts");
      context.report(await exportRevocations(flags, context));
    });
  addExamples(exported, [["countersign revoke export > revocations.jsonl", "a copy"]]);
}

function addListCommand(revoke: Command, context: CommandContext): void {
  const list = revoke
    .command("list")
    .description("Lists revocations, newest first.")
    .summary("list what is revoked")
    .option("--issuer <name>", "alias or URL")
    .option("--kind <kind>", "token, subject, session, client, issuer or key")
    .option("--value <value>", "jti, sub, sid, client_id or kid")
    .option("--actor <name>", "who revoked")
    .option("--limit <count>", "at most so many", parseCount, 100);
  addApiOptions(list)
    .option("--json", "print one JSON object a line")
    .action(async (flags: ListFlags) => {
      const { listRevocations } = await import("../revoke/move-revocations.ts");
      context.report(await listRevocations(flags, context));
    });
  addExamples(list, [["countersign revoke list --issuer main --kind subject", "users of one issuer"]]);
}

function addLiftCommand(revoke: Command, context: CommandContext): void {
  const lift = revoke
    .command("lift")
    .description("Takes one revocation back; others of the same target stay in force.")
    .summary("take one back")
    .argument("<id>", "of the revocation")
    .requiredOption("--reason <text>", "why, for the record");
  addWaitOptions(addApiOptions(lift))
    .option("--json", "print one line of JSON")
    .action(async (id: string, flags: RevokeFlags) => {
      const { liftRevocation } = await import("../revoke/revoke-target.ts");
      context.report(await liftRevocation(id, flags, context));
    });
  addExamples(lift, [["countersign revoke lift r-Zm9v --reason mistake --wait", "and wait until all know"]]);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= MAX_LISTED) return count;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_LISTED}.`);
}
