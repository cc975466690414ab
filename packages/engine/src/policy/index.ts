/** `countersign/policy`: what a route may ask of a verified token beyond its issuer's rules. Web APIs only. */

export { findClaim, parseClaimPath } from "../claims/claim-path.ts";
export type { PermissionIssuer, PermissionTable } from "../principal/permission-table.ts";
export { isJsonList } from "../token/json-value.ts";
export {
  findIdlePermissions,
  findPermissionProblems,
  type PermissionFinding,
  type PermissionIssuerFacts,
  type PermissionPlace,
} from "./check-permissions.ts";
export type {
  CompiledRequirement,
  CompilerOptions,
  ExpressionCompilation,
  ExpressionCondition,
  RequirementCompiler,
  RequirementPlace,
  ShadowRequirement,
} from "./compile-requirements.ts";
export { createRequirementCompiler, MAX_CONDITIONS } from "./compile-requirements.ts";
export type { Condition } from "./condition.ts";
export { createPermissionTable } from "./create-permission-table.ts";
export { derivePermissions, type PermissionHolder } from "./derive-permissions.ts";
export type { PermissionGrant, PermissionOptions, ServiceAudiences } from "./permission-options.ts";
export type { PolicyInput, PolicyRequest } from "./policy-input.ts";
export type { PolicyOutcome, PolicyUnmet, StepUp, UnmetReason } from "./policy-outcome.ts";
export type {
  ClaimRequirement,
  ClaimScalar,
  NamedRequirements,
  NameRequirement,
  Requirement,
  RequirementObject,
  RequirementProblem,
} from "./requirement.ts";
