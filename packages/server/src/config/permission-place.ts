/** The table of permissions beside the issuers and routes it is used with. */

import type { IssuerOptions } from "countersign";
import type { PermissionOptions, PermissionPlace, Requirement } from "countersign/policy";
import { findIdlePermissions, findPermissionProblems } from "countersign/policy";

import type { Configuration } from "./configuration.ts";
import type { FileConfiguration } from "./file-configuration.ts";
import type { ConfigurationFinding } from "./finding.ts";
import { nameIssuer } from "./issuer-alias.ts";

type Problem = ReturnType<typeof findPermissionProblems>[number];

export function findTableProblems({ permissions, issuers }: FileConfiguration): readonly Problem[] {
  if (permissions === undefined) return [];
  // An issuer without a name of its own and without a host is refused elsewhere.
  const named = issuers.filter(({ name, issuer }) => name !== undefined || URL.canParse(issuer));
  return findPermissionProblems(permissions, describePlace(named)).map((problem) => ({
    ...problem,
    path: `permissions.${problem.path}`,
  }));
}

/** What in the table, and in routes that ask for its permissions, can never matter. */
export function findIdleRows(configuration: Configuration): readonly ConfigurationFinding[] {
  const { permissions, issuers } = configuration;
  if (permissions === undefined) return [];
  const rows = findIdlePermissions(permissions, describePlace(issuers)).map(
    ({ path, reason }): ConfigurationFinding => ({
      path: `permissions.${path}`,
      kind: "permission",
      reason,
      remedy: "Remove it, or correct what it names.",
    }),
  );
  return [...rows, ...findUnknownDemands(configuration, permissions)];
}

function describePlace(
  issuers: readonly (Pick<IssuerOptions, "issuer" | "audiences"> & { readonly name?: string })[],
): PermissionPlace {
  return {
    issuers: issuers.map(({ issuer, name, audiences }) => ({
      name: nameIssuer({ issuer, ...(name !== undefined && { name }) }),
      audiences: audiences === "unchecked" ? undefined : audiences,
    })),
  };
}

/** Nobody can ever hold a permission that the table does not name. */
function findUnknownDemands(
  { routes, requirements }: Configuration,
  { names }: PermissionOptions,
): readonly ConfigurationFinding[] {
  const asked = [
    ...routes.map(({ require }, index) => [`routes[${index}].require`, require] as const),
    ...Object.entries(requirements).map(([name, set]) => [`requirements.${name}`, set] as const),
  ];
  return asked.flatMap(([path, requirement]) =>
    listDemands(requirement)
      .filter((name) => !names.includes(name))
      .map(
        (name): ConfigurationFinding => ({
          path,
          kind: "permission",
          reason: `asks for ${JSON.stringify(name)}, which is no permission of the table`,
          remedy: "Write it under `permissions.names` and grant it, or correct it.",
        }),
      ),
  );
}

function listDemands(requirement: Requirement | undefined): readonly string[] {
  if (requirement === undefined || typeof requirement === "string") return [];
  const { permissions, all = [], any = [] } = requirement;
  return [
    ...(permissions?.all ?? []),
    ...(permissions?.any ?? []),
    ...[...all, ...any].flatMap((part) => listDemands(part)),
  ];
}
