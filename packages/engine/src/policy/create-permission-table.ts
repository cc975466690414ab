import { distinct, NO_TEXTS, readTexts } from "../principal/claim-list.ts";
import { type CompiledMapping, compileMapping } from "../principal/compile-mapping.ts";
import type { PermissionTable } from "../principal/permission-table.ts";
import type { JsonObject } from "../token/json-value.ts";
import { closePermissions } from "./check-permissions.ts";
import {
  GRANTED_FIELDS,
  type GrantedField,
  listHeldNames,
  type PermissionGrant,
  type PermissionOptions,
} from "./permission-options.ts";

/** What a token has to be for a grant to count, besides what its principal holds. */
interface Circumstances {
  readonly tenant: string | undefined;
  readonly audiences: readonly string[];
}

interface CompiledGrant {
  readonly permissions: readonly string[];
  readonly isMet: (circumstances: Circumstances) => boolean;
}

/** By field and name: the grants for whoever holds it. */
type GrantIndex = Readonly<Record<GrantedField, ReadonlyMap<string, readonly CompiledGrant[]>>>;

/**
 * Compiles a table in which `findPermissionProblems` finds nothing. With it, the permissions of a principal are those
 * that the table grants: what tokens state themselves counts as far as a row names it.
 */
export function createPermissionTable(options: PermissionOptions): PermissionTable {
  return {
    extendMapping(mapping = compileMapping(), { name, audienceOrClient = false }) {
      const index = indexGrants(options, name);
      return { ...mapping, grantPermissions: compileGrants(mapping, { index, audienceOrClient }) };
    },
  };
}

function compileGrants(
  mapping: CompiledMapping,
  { index, audienceOrClient }: { readonly index: GrantIndex; readonly audienceOrClient: boolean },
): NonNullable<CompiledMapping["grantPermissions"]> {
  const fields = GRANTED_FIELDS.filter((field) => index[field].size > 0);
  return (holder, claims) => {
    let circumstances: Circumstances | undefined;
    let granted = NO_TEXTS;
    for (const field of fields) {
      for (const held of holder[field]) {
        const grants = index[field].get(held);
        if (grants === undefined) continue;
        circumstances ??= readCircumstances(claims, { mapping, audienceOrClient });
        for (const { permissions, isMet } of grants) {
          if (isMet(circumstances))
            granted = granted.length === 0 ? permissions : [...granted, ...permissions];
        }
      }
    }
    return distinct(granted);
  };
}

function readCircumstances(
  claims: JsonObject,
  { mapping, audienceOrClient }: { readonly mapping: CompiledMapping; readonly audienceOrClient: boolean },
): Circumstances {
  const aud = claims["aud"] ?? (audienceOrClient ? claims["client_id"] : undefined);
  return { tenant: mapping.tenant(claims), audiences: readTexts(aud) };
}

/** The grants that count for one issuer. */
function indexGrants({ implies, services = [], grants }: PermissionOptions, issuer: string): GrantIndex {
  const index: Record<GrantedField, Map<string, CompiledGrant[]>> = {
    roles: new Map(),
    groups: new Map(),
    scopes: new Map(),
    permissions: new Map(),
  };
  const isHere = (row: { readonly issuers?: readonly string[] }): boolean =>
    row.issuers === undefined || row.issuers.includes(issuer);
  for (const grant of grants.filter(isHere)) {
    const rows = services.filter(({ service }) => service === grant.service).filter(isHere);
    const compiled = {
      permissions: Object.freeze([...closePermissions(grant.to, implies)]),
      isMet: compileConditions(grant, rows),
    };
    for (const field of GRANTED_FIELDS) {
      const held = new Set((grant[field] ?? []).flatMap((name) => listHeldNames(name, grant.match)));
      for (const name of held) index[field].set(name, [...(index[field].get(name) ?? []), compiled]);
    }
  }
  return index;
}

function compileConditions(
  { tenants, service }: PermissionGrant,
  rows: NonNullable<PermissionOptions["services"]>,
): CompiledGrant["isMet"] {
  const isTenant = ({ tenant }: Circumstances, list: readonly string[] | undefined): boolean =>
    list === undefined || (tenant !== undefined && list.includes(tenant));
  return (circumstances) =>
    isTenant(circumstances, tenants) &&
    (service === undefined ||
      rows.some(
        (row) =>
          isTenant(circumstances, row.tenants) &&
          row.audiences.some((audience) => circumstances.audiences.includes(audience)),
      ));
}
