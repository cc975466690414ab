import type { Command } from "commander";

import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";
import { addExamples } from "../output/examples.ts";
import type { RevokeFlags, RevokeWhat } from "../revoke/revoke-target.ts";
import { readToken } from "../token-input.ts";
import { addRevokeAdministration } from "./revoke-administration.ts";
import { addApiOptions, addWaitOptions } from "./revoke-options.ts";
import { parseTime } from "./validator-options.ts";

const DETAILS = `
A running sidecar is asked, at the address of its admin listener, and shown the token in the file that its
\`api.tokenFile\` names. With --wait the command ends when every live instance refuses what was revoked: exit 1
and their names where some do not within the time, 3 where the sidecar or its store gives no answer. Repeating
a command under the same --id is harmless.
`;

interface TokenFlags extends RevokeFlags {
  readonly tokenFile?: string;
  readonly issuer?: string;
  readonly jti?: string;
}

/** Adds `countersign revoke …`. */
export function addRevokeCommand(program: Command, context: CommandContext): void {
  const revoke = program
    .command("revoke")
    .description("Revokes tokens in a running sidecar and in every other that shares its store.")
    .summary("revoke tokens, users, sessions, clients, keys, issuers")
    .addHelpText("after", DETAILS);
  addTokenCommand(revoke, context);
  addValueCommand(revoke, context, { kind: "subject", value: "sub", what: "everything of a user" });
  addValueCommand(revoke, context, { kind: "session", value: "sid", what: "everything of a session" });
  addValueCommand(revoke, context, { kind: "client", value: "client-id", what: "everything of a client" });
  addValueCommand(revoke, context, {
    kind: "key",
    value: "kid",
    what: "everything that a key signed, for good",
  });
  addIssuerCommand(revoke, context);
  addRevokeAdministration(revoke, context);
  addExamples(revoke, [
    ['countersign revoke token --token-file stolen.txt --reason "stolen laptop" --wait', "one token"],
    ['countersign revoke subject alice --issuer main --reason "left" --wait', "all that alice has until now"],
    ['countersign revoke key 2026-01 --issuer main --reason "leaked" --wait', "a key that leaked"],
    ["countersign revoke list --issuer main", "what is revoked"],
    ["countersign revoke lift r-Zm9v --reason mistake", "take one back"],
  ]);
}

function addTokenCommand(revoke: Command, context: CommandContext): void {
  const token = revoke
    .command("token")
    .description("Revokes one token: a good one that is given, or that of an issuer and a jti.")
    .summary("one token")
    .argument("[token]", "the token itself (warns: arguments are not private)")
    .option("-f, --token-file <file>", "read the token from a file; - or nothing: standard input")
    .option("--jti <id>", "instead of a token: its id, with --issuer")
    .option("--issuer <name>", "alias or URL");
  addRevokeOptions(token).action(async (argument: string | undefined, flags: TokenFlags) => {
    const { revokeTarget } = await import("../revoke/revoke-target.ts");
    context.report(await revokeTarget(await chooseToken(argument, flags, context), flags, context));
  });
  addExamples(token, [
    ['countersign revoke token --reason "stolen" < token.txt', "from standard input"],
    ['countersign revoke token --jti a1b2 --issuer main --reason "stolen"', "where only its id is known"],
  ]);
}

async function chooseToken(
  argument: string | undefined,
  { jti, issuer, tokenFile }: TokenFlags,
  { terminal }: CommandContext,
): Promise<RevokeWhat> {
  if (jti === undefined && issuer === undefined) {
    return { token: await readToken(terminal, { argument, tokenFile }) };
  }
  if (jti !== undefined && issuer !== undefined && argument === undefined && tokenFile === undefined) {
    return { target: { kind: "token", issuer, value: jti } };
  }
  throw new CommandFailure("give a token, or --jti and --issuer", { exitCode: EXIT.usage });
}

function addValueCommand(
  revoke: Command,
  context: CommandContext,
  { kind, value, what }: { readonly kind: string; readonly value: string; readonly what: string },
): void {
  const command = revoke
    .command(kind)
    .description(`Revokes ${what}.`)
    .summary(what)
    .argument(`<${value}>`, `the ${kind}, as tokens write it`)
    .requiredOption("--issuer <name>", "alias or URL of its issuer");
  if (kind !== "key") addCutOff(command);
  addRevokeOptions(command).action(async (text: string, flags: RevokeFlags & { readonly issuer: string }) => {
    const { revokeTarget } = await import("../revoke/revoke-target.ts");
    context.report(
      await revokeTarget({ target: { kind, issuer: flags.issuer, value: text } }, flags, context),
    );
  });
  addExamples(command, [
    [
      `countersign revoke ${kind} NAME --issuer main --reason "reported" --wait`,
      "and wait until it is in force",
    ],
  ]);
}

function addIssuerCommand(revoke: Command, context: CommandContext): void {
  const command = revoke
    .command("issuer")
    .description("Revokes everything that an issuer has issued until now.")
    .summary("everything of an issuer")
    .argument("<name>", "alias or URL");
  addCutOff(command);
  addRevokeOptions(command).action(async (issuer: string, flags: RevokeFlags) => {
    const { revokeTarget } = await import("../revoke/revoke-target.ts");
    context.report(await revokeTarget({ target: { kind: "issuer", issuer } }, flags, context));
  });
  addExamples(command, [
    ['countersign revoke issuer main --reason "provider compromised" --wait', "everybody signs in again"],
  ]);
}

function addCutOff(command: Command): void {
  command.option(
    "--issued-before <time>",
    "what was issued until then (ISO 8601, or seconds); default now",
    parseTime,
  );
}

function addRevokeOptions(command: Command): Command {
  command
    .requiredOption("--reason <text>", "why, for the record")
    .option("--id <id>", "of the revocation; saying it twice is harmless")
    .option("--suspend", "suspend instead of revoke")
    .option("--on-behalf-of <name>", "who wants it, for the record");
  return addWaitOptions(addApiOptions(command)).option("--json", "print one line of JSON");
}
