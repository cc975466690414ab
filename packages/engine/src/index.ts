/**
 * Countersign decides whether a JWT may pass, and says why not.
 *
 * @example
 * const validator = createValidator({ issuers: [{ issuer, audiences, keys: { discovery: true } }] });
 * const verdict = await validator.validate(token);
 */

export type { Algorithm, AlgorithmFamily, AlgorithmName, Curve, HashName, KeyType } from "./algorithms.ts";
export { ALGORITHMS } from "./algorithms.ts";
export type { Presentation } from "./binding/presentation.ts";
export { PROFILE_NAMES, type ProfileName } from "./issuers/profiles.ts";
export type {
  Clock,
  EngineEvent,
  Fetch,
  FetchInit,
  KeySetStore,
  KeySummary,
  KeysFetchResult,
  ListedStatus,
  Observer,
  OpenedToken,
  ReplayStore,
  RevocableToken,
  RevocationList,
  StatusListFetchResult,
  StatusLists,
  TokenDecrypter,
} from "./ports.ts";
export type {
  Actor,
  Authentication,
  Principal,
  PrincipalConfirmation,
  PrincipalKind,
} from "./principal/principal.ts";
export type {
  ClaimTransform,
  ListClaim,
  ListSource,
  ListSources,
  PrincipalMapping,
  TextClaim,
  TextSource,
  TextSources,
} from "./principal/principal-mapping.ts";
export type { ChallengeError, Fault, ReasonEntry, ReasonName, Stage } from "./reasons.ts";
export { REASONS } from "./reasons.ts";
export { REMEDIES } from "./remedies.ts";
export type { VerifiedEvent } from "./signature/verified-event.ts";
export type { Claims, JoseHeader, VerifiedToken } from "./signature/verified-token.ts";
export { checkFirstUse, type FirstUseOptions } from "./status/check-first-use.ts";
export { endRevocation, type RevocationEndQuery } from "./status/end-revocation.ts";
export type { EventKind } from "./status/event-checks.ts";
export { MemoryReplayStore, type MemoryReplayStoreOptions } from "./status/memory-replay-store.ts";
export {
  type LiftedRevocation,
  MemoryRevocationList,
  type RemainingRevocation,
  RevocationListFullError,
  type RevocationListOptions,
} from "./status/memory-revocation-list.ts";
export {
  findRevocationProblem,
  findTargetProblem,
  isRevocationId,
  MAX_TIME_MS,
  REVOCATION_KINDS,
  type Revocation,
  type RevocationKind,
  type RevocationStatus,
  type RevocationTarget,
} from "./status/revocation.ts";
export { inspectToken, type TokenInspection } from "./token/inspect-token.ts";
export type { JsonObject, JsonValue } from "./token/json-value.ts";
export type {
  BindingOptions,
  DpopNonceOptions,
  DpopOptions,
  NonceSecret,
} from "./validator/binding-options.ts";
export { DEFAULT_DPOP_ALGORITHMS } from "./validator/check-binding-options.ts";
export { DEFAULT_MAX_LIFETIME_SECONDS } from "./validator/check-issuer.ts";
export { ConfigurationError, type ConfigurationProblem } from "./validator/configuration-error.ts";
export {
  createEventVerifier,
  type EventIssuerOptions,
  type EventVerdict,
  type EventVerifier,
  type EventVerifierOptions,
} from "./validator/create-event-verifier.ts";
export { type ClosableStatusLists, createStatusLists } from "./validator/create-status-lists.ts";
export { createValidator, type KeyFailure, KeysNotReadyError } from "./validator/create-validator.ts";
export { inspectOptions, type OptionsReport, type OptOut } from "./validator/inspect-options.ts";
export type { ValidationContext } from "./validator/judge-setup.ts";
export type { StatedToken } from "./validator/judge-stated.ts";
export type {
  DiscoveryKeysOptions,
  EncryptionOptions,
  InlineKeysOptions,
  IssuerOptions,
  JwksUriKeysOptions,
  KeysOptions,
  LimitOptions,
  NoKeysOptions,
  RemoteKeysOptions,
  SecretKeysOptions,
  SecretOptions,
  SignatureCacheOptions,
  ValidatorOptions,
} from "./validator/options.ts";
export type { StatusListIssuerOptions, StatusListsOptions } from "./validator/status-list-options.ts";
export type { Validator } from "./validator/validator.ts";
export {
  type Accepted,
  type ExplainedStep,
  type Explanation,
  type Rejected,
  TokenRejected,
  type Verdict,
} from "./validator/verdict.ts";
