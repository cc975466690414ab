/** `countersign/policy`: what a route may ask of a verified token beyond its issuer's rules. Web APIs only. */

export { findClaim, parseClaimPath } from "../claims/claim-path.ts";
export { isJsonList } from "../token/json-value.ts";
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
