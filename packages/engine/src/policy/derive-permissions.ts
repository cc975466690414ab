import { distinct } from "../principal/claim-list.ts";
import { compileMapping } from "../principal/compile-mapping.ts";
import { createPermissionTable } from "./create-permission-table.ts";
import { GRANTED_FIELDS, type GrantedField, type PermissionOptions } from "./permission-options.ts";

/** What a token would say of its holder. */
export interface PermissionHolder extends Partial<Readonly<Record<GrantedField, readonly string[]>>> {
  /** Alias of the token's issuer. */
  readonly issuer: string;
  readonly tenant?: string | undefined;
  /** The token's `aud`. Default none. */
  readonly audiences?: readonly string[];
}

/** What a table grants to somebody, without a token: for tests of tables, and for people. */
export function derivePermissions(options: PermissionOptions, holder: PermissionHolder): readonly string[] {
  const mapping = createPermissionTable(options).extendMapping(
    { ...compileMapping(), tenant: () => holder.tenant },
    { name: holder.issuer },
  );
  const held = Object.fromEntries(GRANTED_FIELDS.map((field) => [field, distinct(holder[field] ?? [])]));
  const granted = mapping.grantPermissions?.(held as Record<GrantedField, readonly string[]>, {
    aud: holder.audiences ?? [],
  });
  return granted ?? [];
}
