import type { CompiledMapping } from "./compile-mapping.ts";

/** Which permissions follow from what tokens state: `createPermissionTable` of `countersign/policy` makes it. */
export interface PermissionTable {
  /** The mapping of one issuer, with the table's permissions instead of those that tokens state. */
  extendMapping(mapping: CompiledMapping | undefined, issuer: PermissionIssuer): CompiledMapping;
}

export interface PermissionIssuer {
  /** Its alias. */
  readonly name: string;
  /** A token without `aud` is for its `client_id`. */
  readonly audienceOrClient?: boolean | undefined;
}
