import type { IssuerOptions, StatusListIssuerOptions, ValidatorOptions } from "countersign";

import { createPermissionTable } from "countersign/policy";

import type { Configuration } from "./configuration.ts";
import type { FileIssuer } from "./file-configuration.ts";
import { FileDecrypter } from "./file-decrypter.ts";
import type { IntrospectedIssuer } from "./introspection-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";

/** What a file cannot say: the ports. */
export type ValidatorPorts = Pick<
  ValidatorOptions,
  "clock" | "observer" | "fetch" | "keySharing" | "replay" | "revocations" | "statusLists"
>;

/** The library's options for a configuration. */
export function toValidatorOptions(
  configuration: Pick<Configuration, "issuers" | "limits" | "permissions">,
  ports: ValidatorPorts = {},
): ValidatorOptions {
  const { issuers, limits, permissions } = configuration;
  const table = permissions && { permissions: createPermissionTable(permissions) };
  return { ...ports, ...table, issuers, limits };
}

/**
 * The file's issuer as the library's options. The schema has checked the members' shapes; names of
 * algorithms and profiles are the library's to check, which `check-issuers.ts` has it do.
 *
 * @throws ConfigurationError where `findEncryptionProblems` has something to say.
 */
export function toIssuerOptions({
  introspection: _,
  statusLists: _lists,
  keys = NO_KEYS,
  encryption,
  ...issuer
}: FileIssuer): IssuerOptions {
  const opened = encryption && {
    decrypter: new FileDecrypter(encryption),
    ...(encryption.plain !== undefined && { plain: encryption.plain }),
  };
  return { ...issuer, keys, ...(opened && { encryption: opened }) } as unknown as IssuerOptions;
}

const NO_KEYS = Object.freeze({ none: true });

/** The issuers whose status lists are asked, with the keys of their tokens. */
export function listStatusLists(issuers: readonly FileIssuer[]): readonly StatusListIssuerOptions[] {
  return issuers.flatMap((issuer): readonly StatusListIssuerOptions[] => {
    if (issuer.statusLists === undefined) return [];
    const { issuer: iss, name, algorithms, keys, clockToleranceSeconds } = toIssuerOptions(issuer);
    return [
      {
        ...issuer.statusLists,
        issuer: iss,
        keys,
        ...(name !== undefined && { name }),
        ...(algorithms !== undefined && { algorithms }),
        ...(clockToleranceSeconds !== undefined && { clockToleranceSeconds }),
      },
    ];
  });
}

/** The issuers that are asked about their tokens. */
export function listIntrospected(issuers: readonly FileIssuer[]): readonly IntrospectedIssuer[] {
  return issuers.flatMap(({ introspection, issuer, name, audiences }): readonly IntrospectedIssuer[] => {
    if (introspection === undefined) return [];
    const alias = nameIssuer({ issuer, ...(name !== undefined && { name }) });
    return [{ issuer, alias, audiences: audiences === "unchecked" ? [] : audiences, introspection }];
  });
}
