import type { JsonObject, ProfileName } from "../../src/index.ts";

export type FixtureClaims = JsonObject;

/** Tokens of one kind of issuer, in the shapes of its provider's documentation; `iss`, `iat` and `exp` are put in. */
export interface PresetFixture {
  readonly profile: ProfileName;
  readonly issuer: string;
  readonly audience: string;
  readonly tenants?: readonly string[];
  /** Undefined where the provider sends none. */
  readonly typ: string | undefined;
  readonly good: Readonly<
    Record<string, { readonly claims: FixtureClaims; readonly principal: FixtureClaims }>
  >;
  /** Each with the reason for which it is refused. */
  readonly bad: Readonly<Record<string, { readonly claims: FixtureClaims; readonly reason: string }>>;
  /** Issuers that the preset does not take for its own. */
  readonly foreignIssuers: readonly string[];
}

/** A copy without some members. */
export function without(claims: FixtureClaims, ...names: readonly string[]): FixtureClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
}
