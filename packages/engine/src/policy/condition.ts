/** The single conditions of a requirement, each compiled once. Absent is never enough. */

import { findClaim, parseClaimPath } from "../claims/claim-path.ts";
import type { PrincipalKind } from "../principal/principal.ts";
import type { JsonValue } from "../token/json-value.ts";
import { isJsonList } from "../token/json-value.ts";
import type { PolicyInput } from "./policy-input.ts";
import type { PolicyOutcome, StepUp, UnmetReason } from "./policy-outcome.ts";
import { MET } from "./policy-outcome.ts";
import type { ClaimRequirement, NameRequirement, RequirementObject } from "./requirement.ts";

/** Judges one condition. Never throws. */
export type Condition = (input: PolicyInput) => PolicyOutcome;

/** Clocks of identity providers differ from ours; `auth_time` has whole seconds. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** The conditions of an object's own members, without `all`, `any`, `cel` and `shadow`. The paths of claims are well formed. */
export function createConditions(requirement: RequirementObject): readonly Condition[] {
  const { issuers, audiences, scopes, claims, principal, senderConstrained } = requirement;
  return [
    ...(issuers === undefined ? [] : [admitIssuers(issuers)]),
    ...(audiences === undefined ? [] : [admitAudiences(audiences)]),
    ...(scopes === undefined
      ? []
      : [requireNames(scopes, { member: "scopes", reason: "scope_insufficient" })]),
    ...(["roles", "groups", "permissions"] as const).flatMap((member) => {
      const names = requirement[member];
      return names === undefined ? [] : [requireNames(names, { member, reason: "policy_denied" })];
    }),
    ...(claims ?? []).map(requireClaim),
    ...(principal === undefined ? [] : [requireKind(principal)]),
    ...(senderConstrained === true ? [requireBoundToken] : []),
    ...createStepUpConditions(requirement),
  ];
}

function admitIssuers(issuers: readonly string[]): Condition {
  const unmet = refuse("policy_denied", `a token of ${issuers.join(" or ")}`);
  return ({ token }) => (issuers.includes(token.issuer) ? MET : unmet);
}

function admitAudiences(audiences: readonly string[]): Condition {
  const unmet = refuse("audience_mismatch", `one of the route's audiences in aud`);
  return ({ token }) => {
    const { aud } = token.claims;
    const named = typeof aud === "string" ? [aud] : (aud ?? []);
    return named.some((audience) => audiences.includes(audience)) ? MET : unmet;
  };
}

function requireNames(
  { any, all }: NameRequirement,
  about: { readonly member: "scopes" | "roles" | "groups" | "permissions"; readonly reason: UnmetReason },
): Condition {
  const { member, reason } = about;
  const noneOf = refuse(reason, `one of ${member} ${any?.join(" ") ?? ""}`);
  return ({ principal }) => {
    const held = principal[member];
    const missing = (all ?? []).filter((name) => !held.includes(name));
    if (missing.length > 0) return refuse(reason, missing.join(" "));
    return any === undefined || any.some((name) => held.includes(name)) ? MET : noneOf;
  };
}

function requireClaim(requirement: ClaimRequirement): Condition {
  const path = parseClaimPath(requirement.path);
  if (path === undefined) throw new TypeError("a malformed claim path");
  const matches = createClaimTest(requirement);
  const unmet = refuse("policy_denied", `the claim ${requirement.path} as the route demands`);
  return ({ token }) => {
    const value = findClaim(token.claims, path);
    return value !== undefined && matches(value) ? MET : unmet;
  };
}

function createClaimTest({ equals, oneOf, contains }: ClaimRequirement): (value: JsonValue) => boolean {
  if (contains !== undefined) return (value) => isJsonList(value) && value.includes(contains);
  const accepted: readonly JsonValue[] = equals === undefined ? (oneOf ?? []) : [equals];
  return (value) => accepted.includes(value);
}

const KINDS: Readonly<Record<PrincipalKind, string>> = {
  user: "a token of a user",
  client: "a token of a client for itself",
  workload: "a token of a workload",
};

function requireKind(kind: PrincipalKind): Condition {
  const unmet = refuse("policy_denied", KINDS[kind]);
  return ({ principal }) => (principal.kind === kind ? MET : unmet);
}

const UNBOUND = refuse("binding_missing", "a token that is bound to a key (cnf with jkt or x5t#S256)");

/** Whoever accepted a token with `cnf` has proven the key, or was told in its configuration that somebody else does. */
function requireBoundToken({ token }: PolicyInput): PolicyOutcome {
  const { cnf } = token.claims;
  if (typeof cnf !== "object" || cnf === null || isJsonList(cnf)) return UNBOUND;
  return [cnf["jkt"], cnf["x5t#S256"]].some((value) => typeof value === "string" && value !== "")
    ? MET
    : UNBOUND;
}

/** Both are told where one fails: the next authentication has to satisfy both. */
function createStepUpConditions({ acr, maxAgeSeconds }: RequirementObject): readonly Condition[] {
  const stepUp: StepUp = {
    ...(acr !== undefined && { acrValues: acr }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
  const conditions: Condition[] = [];
  if (acr !== undefined) {
    const weak = refuse("step_up_required", `acr ${acr.join(" or ")}`, stepUp);
    conditions.push(({ token }) => {
      const held = token.claims["acr"];
      return typeof held === "string" && acr.includes(held) ? MET : weak;
    });
  }
  if (maxAgeSeconds !== undefined) {
    const old = refuse("step_up_required", `auth_time at most ${maxAgeSeconds} seconds ago`, stepUp);
    conditions.push(({ token, now }) =>
      isFresh({ authTime: token.claims["auth_time"], now, maxAgeSeconds }) ? MET : old,
    );
  }
  return conditions;
}

/** A time that is still to come is as good as none. */
function isFresh(times: {
  readonly authTime: JsonValue | undefined;
  readonly now: number;
  readonly maxAgeSeconds: number;
}): boolean {
  const { authTime, now, maxAgeSeconds } = times;
  if (typeof authTime !== "number") return false;
  const ageSeconds = now / 1000 - authTime;
  return ageSeconds <= maxAgeSeconds + CLOCK_TOLERANCE_SECONDS && ageSeconds >= -CLOCK_TOLERANCE_SECONDS;
}

function refuse(reason: UnmetReason, expected: string, stepUp?: StepUp): PolicyOutcome {
  return Object.freeze({ kind: "unmet", reason, expected, ...(stepUp && { stepUp }) });
}
