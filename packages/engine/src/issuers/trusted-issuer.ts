/** One issuer's configuration, compiled: what a request only has to run. */

import type { Algorithm } from "../algorithms.ts";
import { createAudienceCheck } from "../claims/audience-check.ts";
import type { ClaimCheck } from "../claims/claim-check.ts";
import { createProfileCheck } from "../claims/profile-check.ts";
import { createActorCheck, createFormCheck, createRequiredCheck } from "../claims/registered-claims.ts";
import { createTimeChecks } from "../claims/time-checks.ts";
import { createTokenKindCheck, createTypeCheck } from "../claims/token-kinds.ts";
import type { KeySource } from "../keys/key-source.ts";
import type { CompiledMapping } from "../principal/compile-mapping.ts";
import { Refusal } from "../refusal.ts";
import type { Profile } from "./profile.ts";
import { createTenantCheck } from "./tenant-check.ts";

/** An issuer's rules with every default filled in. */
export interface IssuerRules {
  readonly issuer: string;
  readonly name: string;
  readonly audiences: readonly string[] | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly profile: Profile;
  readonly types: readonly string[];
  readonly requiredClaims: readonly string[];
  readonly clockToleranceSeconds: number;
  readonly maxLifetimeSeconds: number | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly expiryRequired: boolean;
  /** Undefined for whoever there is. */
  readonly tenants: readonly string[] | undefined;
  /** Undefined for the default mapping. */
  readonly mapping: CompiledMapping | undefined;
}

export interface TrustedIssuer {
  readonly issuer: string;
  readonly name: string;
  /** By the header's exact `alg`. */
  readonly algorithms: ReadonlyMap<string, Algorithm>;
  /** For every other `alg`. */
  readonly algorithmRefusal: Refusal;
  readonly checks: readonly ClaimCheck[];
  /** Those that a token which was remembered has to pass again. */
  readonly timedChecks: readonly ClaimCheck[];
  readonly keys: KeySource;
  /** How its claims become a principal; undefined for the default mapping. */
  readonly mapping: CompiledMapping | undefined;
}

export function createTrustedIssuer(rules: IssuerRules, keys: KeySource): TrustedIssuer {
  const checks = compileChecks(rules);
  const names = rules.algorithms.map(({ name }) => name);
  return {
    issuer: rules.issuer,
    name: rules.name,
    algorithms: new Map(rules.algorithms.map((algorithm) => [algorithm.name as string, algorithm])),
    algorithmRefusal: new Refusal("algorithm_not_allowed", { expected: `alg ${names.join(" or ")}` }),
    checks,
    timedChecks: checks.filter(({ dependsOnTime }) => dependsOnTime),
    keys,
    mapping: rules.mapping,
  };
}

/** Form before content, so that every later check may rely on the types; then what storms fail on first. */
function compileChecks(rules: IssuerRules): readonly ClaimCheck[] {
  const required = new Set(["iss"]);
  if (rules.expiryRequired) required.add("exp");
  if (rules.audiences !== undefined && !rules.profile.audienceOrClient) required.add("aud");
  if (rules.maxAgeSeconds !== undefined) required.add("iat");
  for (const name of [...rules.profile.requiredClaims, ...rules.requiredClaims]) required.add(name);
  return [
    createTypeCheck({ types: rules.types, absent: rules.profile.typeMayBeAbsent }),
    createFormCheck(),
    createRequiredCheck([...required]),
    ...createTimeChecks(rules),
    ...(rules.audiences === undefined
      ? []
      : [createAudienceCheck(rules.audiences, rules.profile.audienceOrClient && "client_id")]),
    createTokenKindCheck(rules.profile.takesIdTokens),
    ...compileProfile(rules),
    createActorCheck(),
  ];
}

function compileProfile({ profile, issuer, tenants, mapping }: IssuerRules): readonly ClaimCheck[] {
  const { pattern, claim } = profile.issuer ?? {};
  const part = pattern?.exec(issuer)?.[1];
  const own = claim === undefined || part === undefined ? [] : [[{ claim, is: [part] }]];
  const rules = [...(profile.rules ?? []), ...own];
  return [
    ...(rules.length === 0 ? [] : [createProfileCheck(rules)]),
    ...(tenants === undefined || mapping === undefined ? [] : [createTenantCheck(tenants, mapping.tenant)]),
  ];
}
