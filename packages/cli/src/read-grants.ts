import { loadConfiguration, nameIssuer } from "@countersign/server";
import { ConfigurationError } from "countersign";
import { derivePermissions, type PermissionHolder } from "countersign/policy";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-code.ts";
import { describeConfigurationError } from "./output/configuration-problems.ts";

/**
 * What the table of a configuration file grants, in the order of its names.
 *
 * @throws CommandFailure exit 2, where there is no table, or it does not know the issuer or a required permission.
 */
export async function readGrants(
  file: string,
  { holder, required }: { readonly holder: PermissionHolder; readonly required: readonly string[] },
): Promise<readonly string[]> {
  const { permissions, issuers } = await load(file);
  const refuse = (message: string, hint: string): never => {
    throw new CommandFailure(message, { exitCode: EXIT.usage, hints: [hint] });
  };
  if (permissions === undefined) return refuse(`${file} has no table`, "write one under `permissions`");
  const aliases = issuers.map(nameIssuer);
  if (!aliases.includes(holder.issuer))
    refuse(`${file} has no issuer of that name`, `one of ${aliases.join(", ")}`);
  const unknown = required.filter((name) => !permissions.names.includes(name));
  if (unknown.length > 0)
    refuse(`the table has no permission ${unknown.join(", ")}`, "see `permissions.names`");
  const granted = derivePermissions(permissions, holder);
  return permissions.names.filter((name) => granted.includes(name));
}

async function load(file: string): ReturnType<typeof loadConfiguration> {
  try {
    return await loadConfiguration(file);
  } catch (error) {
    if (error instanceof ConfigurationError) throw describeConfigurationError(error, file);
    throw error;
  }
}
