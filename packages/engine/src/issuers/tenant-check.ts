import type { ClaimCheck } from "../claims/claim-check.ts";
import type { ReadText } from "../principal/compile-mapping.ts";
import { Refusal } from "../refusal.ts";

/** Refuses tokens of whoever is none of the tenants: an issuer that many share vouches for all of them. */
export function createTenantCheck(tenants: readonly string[], readTenant: ReadText): ClaimCheck {
  const accepted = new Set(tenants);
  const expected = "the tenant to be one of those listed";
  const refusal = new Refusal("claim_invalid", { expected });
  return {
    name: "tenant",
    expected,
    standsAlone: true,
    dependsOnTime: false,
    run({ claims }) {
      const tenant = readTenant(claims);
      return tenant !== undefined && accepted.has(tenant) ? undefined : refusal;
    },
    show: ({ claims }) => readTenant(claims),
  };
}
