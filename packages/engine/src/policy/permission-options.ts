/** From what tokens state to what their holders may do, as data: a file of its own that is reviewed like code. */

export interface PermissionOptions {
  /** Every permission there is: no other can be granted. At most 1024. */
  readonly names: readonly string[];
  /** Permissions that hold with another one, also through each other. */
  readonly implies?: Readonly<Record<string, readonly string[]>>;
  /** Services by what tokens call them; several rows may be of one service. At most 256. */
  readonly services?: readonly ServiceAudiences[];
  /** At most 1024. */
  readonly grants: readonly PermissionGrant[];
}

/** Tokens for one of these audiences are for the service. */
export interface ServiceAudiences {
  readonly service: string;
  readonly audiences: readonly string[];
  /** Only tokens of these tenants. Default any. */
  readonly tenants?: readonly string[];
  /** Only tokens of these issuers, by alias. Default any. */
  readonly issuers?: readonly string[];
}

/** Whoever holds one of the roles, groups, scopes or permissions that tokens state. What no row names grants nothing. */
export interface PermissionGrant {
  /** What is granted. */
  readonly to: readonly string[];
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly scopes?: readonly string[];
  /** As the issuer's mapping reads them. */
  readonly permissions?: readonly string[];
  /**
   * "hierarchical": what stands above a name by whole words, which `.`, `:` and `/` end, counts as the name: orders as
   * orders.read. Default "exact".
   */
  readonly match?: "exact" | "hierarchical";
  /** Only tokens of these issuers, by alias. Default any. */
  readonly issuers?: readonly string[];
  /** Only principals of these tenants. Default any. */
  readonly tenants?: readonly string[];
  /** Only tokens for this one of `services`. Default any. */
  readonly service?: string;
}

/** What of a principal can be granted something. */
export const GRANTED_FIELDS = ["roles", "groups", "scopes", "permissions"] as const;

export type GrantedField = (typeof GRANTED_FIELDS)[number];

/** The name, and where the match is hierarchical all that stands above it. */
export function listHeldNames(name: string, match: PermissionGrant["match"] = "exact"): readonly string[] {
  const above =
    match === "exact" ? [] : [...name.matchAll(/[.:/]/g)].map(({ index }) => name.slice(0, index));
  return [...above.filter((text) => text !== ""), name];
}
