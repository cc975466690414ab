/** What a preset asks of its issuer's configuration, and who may call. */

import type { Profile } from "../issuers/profile.ts";
import { listSources } from "../principal/compile-mapping.ts";
import type { PresetMapping } from "../principal/principal-mapping.ts";
import { isObject } from "../token/describe-kind.ts";
import type { Place } from "./place.ts";

/** What a preset knows of its issuer. */
export function checkShape(
  {
    issuer,
    audiences,
    profile,
  }: { readonly issuer: string; readonly audiences: unknown; readonly profile: Profile },
  place: Place,
): void {
  const { name, issuer: shape, audienceNeeded = false } = profile;
  if (shape !== undefined && issuer !== "" && !shape.pattern.test(issuer)) {
    place.at("issuer").refuse(`is no issuer of ${name}`, `Such as ${shape.such}`);
  }
  if (!audienceNeeded || audiences !== "unchecked") return;
  const remedy = "List those of this service: whoever gets tokens there chooses for whom";
  place.at("audiences").refuse(`cannot be unchecked with ${name}`, remedy);
}

interface TenantOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly tenants: readonly string[] | undefined;
  readonly profile: Profile;
  readonly mapping: PresetMapping | undefined;
}

/** The tenants that may call. Where everybody may be one, they have to be listed, or not, in so many words. */
export function checkTenants(
  { options, tenants, profile, mapping }: TenantOptions,
  place: Place,
): typeof tenants {
  const given = options["tenants"];
  if (given === undefined && profile.tenants !== undefined) {
    const remedy = `List ${profile.tenants}; "unchecked" lets anybody in who has an account there`;
    return place.expect("at least one tenant", undefined, remedy);
  }
  if (given === undefined || given === "unchecked") return undefined;
  if (tenants?.length === 0) return place.expect("at least one tenant", given, "Leave it out, or list some");
  const sources = listSources<unknown>(mapping?.tenant ?? []);
  if (sources.some((source) => isObject(source) && source["default"] !== undefined)) {
    return place.refuse(
      "whoever names no tenant is one of them",
      "Take the default of `principal.tenant` away",
    );
  }
  if (sources.length > 0) return tenants;
  return place.refuse("nothing says what a tenant is", "Map `tenant` under `principal`");
}
