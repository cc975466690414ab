/** Everything that follows from one configuration. A request is judged and forwarded by one of them alone. */

import type { ReplayStore, Validator } from "countersign";

import type { Readiness } from "./admin/readiness.ts";
import type { AssertionHost } from "./assertion/assertion-keys.ts";
import { createKeySetPage } from "./assertion/key-set-page.ts";
import type { Configuration, RouteConfiguration } from "./config/configuration.ts";
import { describeDpopOffer } from "./config/dpop-offer.ts";
import { hashConfiguration } from "./config/hash-configuration.ts";
import { locateMetadata } from "./config/resource-metadata.ts";
import { RUNS_ON_BUN } from "./config/runtime.ts";
import type { IsTrustedPeer } from "./config/trusted-proxies.ts";
import { createPeerMatcher } from "./config/trusted-proxies.ts";
import { listUpstreams } from "./config/upstreams.ts";
import { type AddCertificate, createCertificateAdder } from "./decision/add-certificate.ts";
import type { Decide } from "./decision/create-decider.ts";
import { createDecider } from "./decision/create-decider.ts";
import type { RefusalChallenge } from "./decision/decision.ts";
import type { DecisionListener } from "./decision/decision-event.ts";
import { HeaderReader } from "./decision/header-reading.ts";
import { respond } from "./decision/http-answer.ts";
import { createNamespace } from "./decision/protected-headers.ts";
import type { DecisionReport, ReportDecision } from "./decision/report-decision.ts";
import { createReporter } from "./decision/report-decision.ts";
import { shedLoad } from "./decision/shed-load.ts";
import { createDialectSettings, createHttpDialects } from "./dialects/create-dialects.ts";
import { createEnvoyGrpcDialect } from "./dialects/envoy-grpc/envoy-grpc.ts";
import type { Exchanger } from "./exchange/create-exchanger.ts";
import { InFlight } from "./in-flight.ts";
import type { Introspector } from "./introspection/create-introspector.ts";
import { chooseHeaderBytes } from "./listener-limits.ts";
import { createGatewayAnswerer } from "./listeners/decision-listener.ts";
import type { HandleCheck } from "./listeners/ext-authz-handler.ts";
import { createExtAuthzHandler } from "./listeners/ext-authz-handler.ts";
import type { DoorExchange } from "./listeners/http-door.ts";
import { createMetadataPage } from "./listeners/metadata-page.ts";
import type { AnswerQuestion } from "./listeners/question.ts";
import type { HandleProxied, ProxiedUpstream, Slots } from "./proxy/create-proxy-handler.ts";
import { createProxyHandler } from "./proxy/create-proxy-handler.ts";
import type { Upstream } from "./proxy/create-upstream.ts";
import { createUpstream, UNIX_ORIGIN } from "./proxy/create-upstream.ts";
import type { StreamWatch } from "./proxy/stream-watch.ts";
import { listReplayExceptions } from "./revocation/guard-replay.ts";
import { connectCredentials, shareExchangers } from "./share-credentials.ts";
import { connectIntrospection, shareIntrospectors } from "./share-introspection.ts";
import { Shared } from "./shared.ts";
import type { ValidatorHost, ValidatorParts } from "./shared-validator.ts";
import { shareValidator } from "./shared-validator.ts";
import type { EventLoopDelay } from "./telemetry/event-loop-delay.ts";

/** What outlives configurations. */
export interface Host extends ValidatorHost {
  readonly onDecision: DecisionListener | undefined;
  /** For the audit trail. Absent where there is none. */
  readonly auditDecision?: (report: DecisionReport) => void;
  readonly eventLoop: EventLoopDelay;
  readonly streams: StreamWatch;
  readonly slots: Slots;
  /** Signs identities. Absent where the sidecar was started without. */
  readonly assertions?: AssertionHost;
}

export interface Generation {
  readonly configuration: Configuration;
  readonly hash: string;
  readonly validator: Validator;
  readonly readiness: Readiness;
  readonly decide: Decide;
  readonly answerQuestion: AnswerQuestion;
  readonly handleCheck: HandleCheck;
  /** Undefined where there is no upstream. */
  readonly handleProxied: ((exchange: DoorExchange) => void) | undefined;
  /** Ends once its requests in flight have ended. `cut` ends those that are still being forwarded. */
  retire(cut?: "cut"): Promise<void>;
  /** For the next one to take over what it needs alike. */
  readonly shared: SharedParts;
}

interface SharedParts {
  readonly validator: Shared<ValidatorParts>;
  readonly introspectors: Shared<readonly Introspector[]>;
  readonly exchangers: Shared<readonly Exchanger[]>;
  /** By name; "" is the one without. */
  readonly upstreams: ReadonlyMap<string, Shared<Upstream>>;
}

/** What front doors need of a configuration. */
interface Core {
  readonly decide: Decide;
  readonly report: ReportDecision;
  readonly isTrustedPeer: IsTrustedPeer;
  readonly logger: Host["logger"];
  readonly clock: Host["clock"];
  readonly addCertificate: AddCertificate | undefined;
  readonly challenge: RefusalChallenge;
  readonly headerReader: HeaderReader;
}

/**
 * Builds a configuration beside the one in force. Fetches begin, nothing listens yet.
 * @throws ConfigurationError where the library refuses the issuers.
 */
export function createGeneration(
  configuration: Configuration,
  host: Host,
  previous?: SharedParts,
): Generation {
  const shared: SharedParts = {
    validator: shareValidator(configuration, host, previous?.validator),
    introspectors: shareIntrospectors(configuration, host, previous?.introspectors),
    exchangers: shareExchangers(configuration, host, previous?.exchangers),
    upstreams: shareUpstreams(configuration, previous?.upstreams),
  };
  const judging = new InFlight();
  const answering = new InFlight();
  const core = createCore(configuration, { host, shared, judging });
  const dialectSettings = createDialectSettings(configuration);
  const proxied = createProxied(configuration, { core, shared, host });
  const findMetadata = createMetadataPage(configuration);
  const findKeySet = createKeySetPage(host.assertions);
  const answerGateway = createGatewayAnswerer({ ...core, dialects: createHttpDialects(dialectSettings) });
  let retired: Promise<void> | undefined;
  return {
    configuration,
    hash: hashConfiguration(configuration),
    ...shared.validator.value,
    decide: core.decide,
    answerQuestion: (question) =>
      findMetadata(question.method, question.target) ?? findKeySet(question) ?? answerGateway(question),
    handleCheck: createExtAuthzHandler({ ...core, dialect: createEnvoyGrpcDialect(dialectSettings) }),
    handleProxied:
      proxied &&
      ((exchange) => {
        const { request, response, isClosing } = exchange;
        const page = findMetadata(request.method, request.url);
        if (page !== undefined) return respond(response, page, isClosing());
        return void answering.track(proxied(exchange));
      }),
    shared,
    retire(cut) {
      retired ??= Promise.all([
        judging.settled().then(() => shared.validator.release()),
        judging.settled().then(() => shared.introspectors.release()),
        judging.settled().then(() => shared.exchangers.release()),
        answering.settled().then(() => forEachUpstream(shared, (upstream) => upstream.release())),
      ]).then(() => undefined);
      return cut === undefined
        ? retired
        : Promise.all([forEachUpstream(shared, ({ value }) => value.close(0)), retired]).then(
            () => undefined,
          );
    },
  };
}

function createCore(
  configuration: Configuration,
  parts: { readonly host: Host; readonly shared: SharedParts; readonly judging: InFlight },
): Core {
  const { logger, clock, metrics, onDecision, eventLoop } = parts.host;
  const { validator } = parts.shared.validator.value;
  const { resource } = configuration;
  const headerReader = new HeaderReader(configuration.identityHeaders.prefix);
  const { value: introspectors } = parts.shared.introspectors;
  const introspect = connectIntrospection({ introspectors, validator, clock });
  const { revocations, replay } = parts.host;
  const exceptions = listReplayExceptions(configuration.routes, replay);
  const knowsRevocations = revocations && ((): boolean => revocations.hasStarted);
  const exchangers = parts.shared.exchangers.value;
  const credentials = connectCredentials(configuration, { ...parts.host, exchangers });
  const deciding = { validator, introspect, credentials, knowsRevocations, headerReader, logger, clock };
  const replayOf = (route: RouteConfiguration): ReplayStore | undefined => exceptions.get(route);
  const decide = createDecider({ ...configuration, ...deciding, replayOf });
  return {
    decide: shedLoad({
      decide: (request) => parts.judging.track(decide(request)),
      eventLoopDelayMs: () => eventLoop.current(),
      maxEventLoopDelayMs: configuration.overload.maxEventLoopDelayMs,
      clock,
      onShed: () => metrics.recordShed("event_loop"),
    }),
    report: createReporter({ metrics, logger, onDecision, auditDecision: parts.host.auditDecision }),
    isTrustedPeer: createPeerMatcher(configuration.trustedProxies),
    logger,
    clock,
    headerReader,
    addCertificate: createCertificateAdder(configuration.clientCertificate),
    challenge: {
      ...(resource !== undefined && { resourceMetadata: locateMetadata(resource).url }),
      ...describeDpopOffer(configuration.issuers),
    },
  };
}

/** A pool of connections stays where its settings stay, so that a reload costs the upstream nothing. */
function shareUpstreams(
  configuration: Configuration,
  previous: SharedParts["upstreams"] | undefined,
): SharedParts["upstreams"] {
  // No proxy runs there, and its `undici` is another.
  if (RUNS_ON_BUN) return new Map();
  const limits = { ...configuration.proxy, maxHeaderBytes: chooseHeaderBytes(configuration) };
  return new Map(
    listUpstreams(configuration).map(({ name = "", url, tls }) => {
      const settings = JSON.stringify({ url, tls, limits });
      const earlier = previous?.get(name);
      if (earlier?.settings === settings) return [name, earlier.retain()];
      const pool = createUpstream({ url, tls }, limits);
      return [name, new Shared(pool, { settings, close: (closing) => closing.close(undefined) })];
    }),
  );
}

async function forEachUpstream(
  { upstreams }: SharedParts,
  act: (upstream: Shared<Upstream>) => Promise<void>,
): Promise<void> {
  await Promise.all([...upstreams.values()].map(act));
}

function createProxied(
  configuration: Configuration,
  { core, shared, host }: { readonly core: Core; readonly shared: SharedParts; readonly host: Host },
): HandleProxied | undefined {
  const { proxy: limits, identityHeaders, realm } = configuration;
  const { streams, slots, metrics } = host;
  if (shared.upstreams.size === 0) return undefined;
  const targets = new Map(
    listUpstreams(configuration).flatMap(({ name = "", url }): [string, ProxiedUpstream][] => {
      const upstream = shared.upstreams.get(name)?.value;
      if (upstream === undefined) return [];
      return [[name, { upstream, host: limits.host === "upstream" ? nameHost(url) : undefined }]];
    }),
  );
  return createProxyHandler({
    ...core,
    limits,
    findUpstream: (route) => targets.get(route.upstream ?? ""),
    streams,
    slots,
    onShed: () => metrics.recordShed("concurrency"),
    isOwn: createNamespace(identityHeaders.prefix),
    realm,
  });
}

function nameHost(origin: string): string {
  return new URL(origin.startsWith("unix:") ? UNIX_ORIGIN : origin).host;
}
