import type { Server } from "node:http";
import type { EngineEvent, Validator } from "countersign";
import { createValidator } from "countersign";

import { createAdminListener } from "./admin/admin-listener.ts";
import type { Readiness } from "./admin/readiness.ts";
import { createReadiness } from "./admin/readiness.ts";
import type { Configuration, ListenAddress } from "./config/configuration.ts";
import { isRemoteIssuer, nameIssuer } from "./config/issuer-alias.ts";
import type { IsTrustedPeer } from "./config/trusted-proxies.ts";
import { createPeerMatcher } from "./config/trusted-proxies.ts";
import { toValidatorOptions } from "./config/validator-options.ts";
import type { Decide } from "./decision/create-decider.ts";
import { createDecider } from "./decision/create-decider.ts";
import { listIdentityHeaders } from "./decision/identity-headers.ts";
import { createNamespace } from "./decision/protected-headers.ts";
import type { ReportDecision } from "./decision/report-decision.ts";
import { createReporter } from "./decision/report-decision.ts";
import { createGenericDialect } from "./dialects/generic.ts";
import { createNginxDialect } from "./dialects/nginx.ts";
import { createUnknownIdentityCheck } from "./dialects/unknown-identity.ts";
import { createDecisionListener } from "./listeners/decision-listener.ts";
import { drain, listen } from "./listeners/listen.ts";
import { createProxyListener } from "./listeners/proxy-listener.ts";
import { createProxyHandler } from "./proxy/create-proxy-handler.ts";
import type { Upstream } from "./proxy/create-upstream.ts";
import { createUpstream } from "./proxy/create-upstream.ts";
import type { RunningServer, ServerAddresses, ServerOptions } from "./running-server.ts";
import { logEngineEvent } from "./telemetry/log-engine-event.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";
import { createOperationalLog } from "./telemetry/operational-log.ts";
import { VERSION } from "./version.ts";

// Room for what a request carries besides its token.
const OTHER_HEADER_BYTES = 8192;
// The library's own defaults.
const DEFAULT_TOKEN_BYTES = 8192;
const DEFAULT_ML_DSA_TOKEN_BYTES = 16_384;

/**
 * Starts the sidecar: resolves when every listener accepts. Keys are fetched meanwhile; until they are
 * there `/healthz/ready` says 503, and so does every decision that needs them.
 *
 * @throws ConfigurationError where the library refuses the issuers.
 * @throws Error where an address cannot be had; nothing is left running then.
 */
export async function startServer(
  configuration: Configuration,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const parts = createParts(configuration, options);
  const drainTimeoutMs = configuration.shutdown.drainTimeoutMs;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= stop(parts, drainTimeoutMs));
  let addresses: ServerAddresses;
  try {
    addresses = await listenAll(parts.doors);
  } catch (error) {
    await close();
    throw error;
  }
  parts.readiness.start(parts.validator);
  parts.logger.info({ addresses, version: VERSION }, "listening");
  return { addresses, validator: parts.validator, close };
}

interface Door {
  readonly name: "decision" | "proxy" | "admin";
  readonly server: Server;
  readonly address: ListenAddress;
}

interface Parts {
  readonly validator: Validator;
  readonly ownsValidator: boolean;
  readonly readiness: Readiness;
  readonly logger: OperationalLog;
  readonly upstream: Upstream | undefined;
  readonly doors: readonly Door[];
}

interface Core {
  readonly configuration: Configuration;
  readonly decide: Decide;
  readonly report: ReportDecision;
  readonly isTrustedPeer: IsTrustedPeer;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  readonly maxHeaderBytes: number;
}

function createParts(configuration: Configuration, options: ServerOptions): Parts {
  const logger = options.logger ?? createOperationalLog();
  const clock = options.clock ?? Date.now;
  const issuers = configuration.issuers.map(nameIssuer);
  const remoteIssuers = configuration.issuers.filter(isRemoteIssuer).map(nameIssuer);
  const metrics = createMetrics({ issuers, remoteIssuers, version: VERSION, clock });
  const readiness = createReadiness({ issuers, logger, clock });
  const validator =
    options.validator ?? createValidator(toValidatorOptions(configuration, { clock, observer }));
  function observer(event: EngineEvent): void {
    metrics.observe(event);
    readiness.observe(event);
    logEngineEvent(event, logger);
  }
  const core: Core = {
    configuration,
    decide: createDecider({ ...configuration, validator, logger, clock }),
    report: createReporter({ metrics, logger, onDecision: options.onDecision }),
    isTrustedPeer: createPeerMatcher(configuration.trustedProxies),
    logger,
    clock,
    maxHeaderBytes: Math.max(
      configuration.proxy.maxHeaderBytes,
      chooseTokenBytes(configuration) + OTHER_HEADER_BYTES,
    ),
  };
  const { upstream, door: proxy } = createProxyDoor(core);
  const doors = [createDecisionDoor(core), proxy, createAdminDoor(configuration, { metrics, readiness })];
  const ownsValidator = options.validator === undefined;
  return {
    validator,
    ownsValidator,
    readiness,
    logger,
    upstream,
    doors: doors.filter((door) => door !== undefined),
  };
}

/** The longest token that the validator reads: a longer one is to be refused by it, with its reason. */
function chooseTokenBytes({ limits, issuers }: Configuration): number {
  const hasLongSignatures = issuers.some(({ algorithms }) =>
    algorithms?.some((name) => name.startsWith("ML-DSA")),
  );
  return limits.tokenBytes ?? (hasLongSignatures ? DEFAULT_ML_DSA_TOKEN_BYTES : DEFAULT_TOKEN_BYTES);
}

function createDecisionDoor(core: Core): Door | undefined {
  const { configuration } = core;
  const address = configuration.listeners.decision;
  if (address === undefined) return undefined;
  const { prefix } = configuration.identityHeaders;
  const settings = {
    realm: configuration.realm,
    prefix,
    flattenUnavailable: configuration.nginx.flattenUnavailable,
    refuseUnknownIdentity: createUnknownIdentityCheck(prefix, [
      ...listIdentityHeaders(configuration.identityHeaders),
      `${prefix}status`,
      `${prefix}reason`,
    ]),
  };
  const dialects = [createGenericDialect(settings), createNginxDialect(settings)];
  return { name: "decision", address, server: createDecisionListener({ ...core, address, dialects }) };
}

function createProxyDoor(core: Core): {
  readonly upstream: Upstream | undefined;
  readonly door: Door | undefined;
} {
  const { configuration } = core;
  const address = configuration.listeners.proxy;
  if (address === undefined || configuration.upstream === undefined)
    return { upstream: undefined, door: undefined };
  const limits = { ...configuration.proxy, maxHeaderBytes: core.maxHeaderBytes };
  const upstream = createUpstream(configuration.upstream, limits);
  const handle = createProxyHandler({
    ...core,
    address,
    limits,
    upstream,
    upstreamHost: limits.host === "upstream" ? new URL(configuration.upstream).host : undefined,
    isOwn: createNamespace(configuration.identityHeaders.prefix),
    realm: configuration.realm,
  });
  return { upstream, door: { name: "proxy", address, server: createProxyListener(handle, limits) } };
}

function createAdminDoor(
  { listeners }: Configuration,
  setup: { readonly metrics: Metrics; readonly readiness: Readiness },
): Door {
  return { name: "admin", address: listeners.admin, server: createAdminListener(setup) };
}

async function listenAll(doors: readonly Door[]): Promise<ServerAddresses> {
  const bound = new Map<Door["name"], string>();
  for (const { name, server, address } of doors) bound.set(name, await listen(server, address));
  const decision = bound.get("decision");
  const proxy = bound.get("proxy");
  return { ...(decision && { decision }), ...(proxy && { proxy }), admin: bound.get("admin") ?? "" };
}

/** The admin listener goes last: probes see the drain. */
async function stop(
  { doors, upstream, validator, ownsValidator, readiness, logger }: Parts,
  timeoutMs: number,
): Promise<void> {
  readiness.stop();
  await Promise.all(
    doors.filter(({ name }) => name !== "admin").map(({ server }) => drain(server, timeoutMs)),
  );
  await upstream?.close(0);
  await Promise.all(doors.filter(({ name }) => name === "admin").map(({ server }) => drain(server, 0)));
  if (ownsValidator) await validator.close();
  logger.info({}, "stopped");
}
