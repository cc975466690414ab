/** Signing keys with a life, a planner for their rotation, and the places that hold them. */

export type { AwsKmsBackendOptions } from "./backends/aws-kms/aws-kms-backend.ts";
export type {
  AzureCredential,
  AzureKeyVaultBackendOptions,
} from "./backends/azure-key-vault/azure-key-vault-backend.ts";
export { BACKENDS, type BackendEntry, type BackendName } from "./backends/backend-table.ts";
export type { CallLimits } from "./backends/bounded-calls.ts";
export { createBackend } from "./backends/create-backend.ts";
export type { FileBackendOptions } from "./backends/file/file-backend.ts";
export type { GoogleKmsBackendOptions } from "./backends/google-kms/google-kms-backend.ts";
export type { Pkcs11BackendOptions } from "./backends/pkcs11/pkcs11-backend.ts";
export { type BackendOptions, readBackendOptions } from "./backends/read-backend-options.ts";
export { readSecret, type SecretReference } from "./backends/secret-reference.ts";
export type { VaultTransitBackendOptions } from "./backends/vault-transit/vault-transit-backend.ts";
export { drawPlan } from "./calendar/draw-plan.ts";
export {
  type PlannedAction,
  type PlannedStep,
  type PlanQuery,
  planRotation,
  type RotationPlan,
} from "./calendar/plan-rotation.ts";
export {
  type ConfigurationPlace,
  type KeyStoreOptions,
  type KeysConfiguration,
  readKeysConfiguration,
  type VerifierAddress,
} from "./configuration/read-keys-configuration.ts";
export { createPublicJwk } from "./create-public-jwk.ts";
export { type InstanceReport, type WatchQuery, watchInstances } from "./emergency/watch-instances.ts";
export type { AdminAddress } from "./gates/admin-client.ts";
export type { CanaryOptions, CanarySetup } from "./gates/create-canary-signer.ts";
export { createGates, GATE_NAMES, type GateSetup } from "./gates/create-gates.ts";
export type { Gate, GateAnswer, GatedStepName, GateQuestion } from "./gates/gate.ts";
export { SidecarVerifier, type SidecarVerifierOptions } from "./gates/sidecar-verifier.ts";
export {
  type CanaryAnswer,
  type ValidationCounts,
  type Verifier,
  type VerifierKey,
  type VerifierKeys,
  VerifierUnavailableError,
} from "./gates/verifier.ts";
export { createJwks, type PublishedJwks, UnpublishableError } from "./jwks/create-jwks.ts";
export { JwksPublisher, type JwksPublisherOptions } from "./jwks/jwks-publisher.ts";
export { LedgerFollower, type LedgerFollowerOptions, type SeenLedger } from "./jwks/ledger-follower.ts";
export { writeJwksFile } from "./jwks/write-jwks-file.ts";
export type { ChangeContext, LedgerChange } from "./lifecycle/change-ledger.ts";
export { digestRecord } from "./lifecycle/change-ledger.ts";
export {
  type BoundsQuery,
  findBounds,
  findPromoteTime,
  findRemoveTime,
  isRipe,
} from "./lifecycle/deadlines.ts";
export { findLedgerProblem } from "./lifecycle/find-ledger-problem.ts";
export {
  findActive,
  findKey,
  isPublished,
  KEY_STATES,
  type KeyLedger,
  type KeyRecord,
  type KeyState,
  type LedgerSettings,
  listNext,
  MAX_PUBLISHED_KEYS,
  type PendingKey,
  type RotationProgress,
  type TransitionRecord,
} from "./lifecycle/key-ledger.ts";
export { type KeyStore, KeyStoreUnavailableError, type StoredLedger } from "./lifecycle/key-store.ts";
export { LedgerUnreadableError, readLedger, writeLedger } from "./lifecycle/read-ledger.ts";
export {
  changeSettings,
  createLedger,
  type LedgerOptions,
  type SettingsChange,
} from "./lifecycle/settings.ts";
export type { KeyStep, StepContext } from "./lifecycle/step-guards.ts";
export { type RefusalCode, TransitionRefusedError } from "./lifecycle/transition-refused.ts";
export {
  addKey,
  markDestroyed,
  promoteKey,
  publishKey,
  removeKey,
  withdrawKey,
} from "./lifecycle/transitions.ts";
export { findPredecessor, restoreKey, revokeKey, rollBack } from "./lifecycle/undo-steps.ts";
export {
  type Bound,
  type BoundTerm,
  computeBounds,
  type RotationBounds,
  type TimingEvidence,
} from "./planner/bounds.ts";
export {
  DEFAULT_TIMING,
  findTimingProblem,
  type RotationTiming,
  TIMING_TERMS,
  type TimingName,
} from "./planner/timing.ts";
export type { PublicKeyMembers, PublicSigningJwk, SigningAlgorithm } from "./public-signing-jwk.ts";
export { type GatedStepResult, GateHoldsError, type HeldStep } from "./rotation/gate-holds-error.ts";
export {
  type ErrorBudget,
  type GuardOutcome,
  type GuardQuery,
  guardPromotion,
  type PromotionGuard,
  prepareGuard,
} from "./rotation/guard-promotion.ts";
export {
  type GatedStep,
  KeyManager,
  type KeyManagerOptions,
  type LedgerStep,
  type StepOptions,
  type StepResult,
} from "./rotation/key-manager.ts";
export { renderRotationMetrics } from "./rotation/render-rotation-metrics.ts";
export {
  type RotateOptions,
  type RotationHold,
  type RotationReport,
  rotateKeys,
} from "./rotation/rotate-keys.ts";
export { startKeys } from "./rotation/start-keys.ts";
export type { GeneratedKey, KeyBackend, KeyReference, KeyRequest, Signer } from "./signer.ts";
export {
  type SignedToken,
  type TokenRequest,
  TokenSigner,
  type TokenSignerOptions,
} from "./signing/token-signer.ts";
export { SigningError, type SigningFailureKind } from "./signing-error.ts";
export { FileKeyStore } from "./stores/file-key-store.ts";
export { MemoryKeyStore } from "./stores/memory-key-store.ts";
export { type RedisCommands, RedisKeyStore, type RedisKeyStoreOptions } from "./stores/redis-key-store.ts";
export { SqliteKeyStore, type SqliteKeyStoreOptions } from "./stores/sqlite-key-store.ts";
