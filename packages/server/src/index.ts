/** `@countersign/server`: the sidecar's configuration and the server itself. */

export { AUDIT_EVENTS, AUDIT_FIELDS } from "./audit/audit-event.ts";
export { listTrailFiles } from "./audit/chain/chain-files.ts";
export type { ChainPosition } from "./audit/chain/chain-record.ts";
export type { ChainNote, ChainProblem, ChainQuestion, ChainReport } from "./audit/chain/verify-chain.ts";
export { verifyChain } from "./audit/chain/verify-chain.ts";
export type { ConfigurationReport, RouteTableRow } from "./config/check-configuration.ts";
export { checkConfiguration } from "./config/check-configuration.ts";
export type * from "./config/configuration.ts";
export type { AcceptedFinding, ConfigurationFinding } from "./config/finding.ts";
export { hashConfiguration } from "./config/hash-configuration.ts";
export { isRemoteIssuer, nameIssuer } from "./config/issuer-alias.ts";
export { configurationJsonSchema } from "./config/json-schema.ts";
export { formatListenAddress } from "./config/listen-address.ts";
export {
  loadConfiguration,
  parseConfiguration,
  readConfigurationFile,
} from "./config/parse-configuration.ts";
export type { ReferenceSources } from "./config/references.ts";
export type { SecretPlace } from "./config/secret-places.ts";
export { listSecretPlaces } from "./config/secret-places.ts";
export { listUpstreams } from "./config/upstreams.ts";
export type { ValidatorPorts } from "./config/validator-options.ts";
export { toValidatorOptions } from "./config/validator-options.ts";
export type { DecisionEvent, DecisionListener, ForwardFailure } from "./decision/decision-event.ts";
export { probeRedis } from "./revocation/probe-store.ts";
export type { ReloadOutcome, RunningServer, ServerAddresses, ServerOptions } from "./running-server.ts";
export { startServer } from "./serve.ts";
export { METRICS, type MetricDefinition, type MetricKey } from "./telemetry/metrics-table.ts";
export type { OperationalLog } from "./telemetry/operational-log.ts";
export { createOperationalLog } from "./telemetry/operational-log.ts";
export type {
  RateOptions,
  SampleMatcher,
  SampleSelection,
  ServiceLevel,
  ServiceLevelId,
} from "./telemetry/service-levels.ts";
export { SERVICE_LEVELS, writeErrorRatio, writeRate } from "./telemetry/service-levels.ts";
export type { ConfigurationWatch, WatchOptions } from "./watch-configuration.ts";
export { watchConfiguration } from "./watch-configuration.ts";
