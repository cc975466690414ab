/** Fields of the principal that may be headers besides what always is, by the headers' suffixes. */
export const FIELD_SUFFIXES = {
  kind: "kind",
  tenant: "tenant",
  session: "session",
  groups: "groups",
  permissions: "permissions",
  acr: "acr",
  amr: "amr",
  authTime: "auth-time",
} as const;

export type PrincipalField = keyof typeof FIELD_SUFFIXES;

export const PRINCIPAL_FIELDS: readonly PrincipalField[] = Object.keys(FIELD_SUFFIXES) as PrincipalField[];
