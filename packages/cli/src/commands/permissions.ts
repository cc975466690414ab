import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { addExamples } from "../output/examples.ts";
import { writeJson } from "../output/json-output.ts";
import type { Terminal } from "../terminal.ts";

interface PermissionFlags {
  readonly config: string;
  readonly issuer: string;
  readonly tenant?: string;
  readonly audience?: readonly string[];
  readonly role?: readonly string[];
  readonly group?: readonly string[];
  readonly scope?: readonly string[];
  readonly permission?: readonly string[];
  readonly require?: readonly string[];
  readonly json?: true;
}

const DETAILS = `
The options say what a token would state; no token is needed, and none is read. With --require, exit 1
where one of the named permissions is not granted. Exit 2 where the file cannot be used, has no table, or
has no such issuer or permission.
`;

/** Adds `countersign permissions`. */
export function addPermissionsCommand(program: Command, context: CommandContext): void {
  const permissions = program
    .command("permissions")
    .description(
      "Says what the table of permissions of a configuration grants to somebody: for reviews, and for tests of the table in a pipeline.",
    )
    .summary("say what a table of permissions grants to whom")
    .requiredOption("-c, --config <file>", "the sidecar's configuration")
    .requiredOption("--issuer <name>", "name of the token's issuer in the configuration")
    .option("--tenant <name>", "the principal's tenant")
    .option("--audience <name>", "in the token's aud; may be repeated", collect)
    .option("--role <name>", "one that it has; may be repeated", collect)
    .option("--group <name>", "the same", collect)
    .option("--scope <name>", "the same", collect)
    .option("--permission <name>", "one that the token states itself; may be repeated", collect)
    .option("--require <name>", "what has to be granted; may be repeated", collect)
    .option("--json", "print one JSON document")
    .addHelpText("after", DETAILS)
    .action(async (flags: PermissionFlags) => {
      context.report(await showPermissions(flags, context.terminal));
    });
  addExamples(permissions, [
    ["countersign permissions -c countersign.yaml --issuer staff --role editor", "what may an editor do?"],
    [
      "countersign permissions -c countersign.yaml --issuer partner --scope orders --require orders:read",
      "a test for a pipeline",
    ],
  ]);
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

async function showPermissions(flags: PermissionFlags, terminal: Terminal): Promise<ExitCode> {
  const { readGrants } = await import("../read-grants.ts");
  const { role, group, scope, permission, audience, issuer, tenant, require: required = [] } = flags;
  const holder = {
    issuer,
    tenant,
    ...(audience && { audiences: audience }),
    ...(role && { roles: role }),
    ...(group && { groups: group }),
    ...(scope && { scopes: scope }),
    ...(permission && { permissions: permission }),
  };
  const granted = await readGrants(flags.config, { holder, required });
  const missing = required.filter((name) => !granted.includes(name));
  const ok = missing.length === 0;
  if (flags.json === true) writeJson(terminal, { ok, permissions: granted, missing });
  else {
    const lines = [
      ...granted.map((name) => `${terminal.paint("green", "✓")} ${name}`),
      ...missing.map((name) => `${terminal.paint("red", "✗")} ${name}  is required and not granted`),
    ];
    terminal.stdout.write(`${lines.length === 0 ? "nothing is granted" : lines.join("\n")}\n`);
  }
  return ok ? EXIT.ok : EXIT.negative;
}
