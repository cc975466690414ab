/** Decides about a request, then forwards the same bytes that were decided about. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { ListenAddress, ProxyConfiguration, RouteConfiguration } from "../config/configuration.ts";
import type { IsTrustedPeer } from "../config/trusted-proxies.ts";
import { identifyPeer } from "../config/trusted-proxies.ts";
import type { AddCertificate } from "../decision/add-certificate.ts";
import { listClientHeaders } from "../decision/client-headers.ts";
import type { Decide } from "../decision/create-decider.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { AllowedDecision, RefusedDecision, RequestDescription } from "../decision/decision.ts";
import { DescribedRequest, extendDescription } from "../decision/described-request.ts";
import type { HeaderReader, HeaderReading } from "../decision/header-reading.ts";
import {
  answerRefusal,
  describeProblem,
  MAX_HEADER_FIELDS,
  respond,
  TOO_MANY_FIELDS,
} from "../decision/http-answer.ts";
import type { IsInNamespace } from "../decision/protected-headers.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { StreamEnd } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { Upstream } from "./create-upstream.ts";
import { hasBody } from "./create-upstream.ts";
import { answerFailure, classifyFailure } from "./forward-failure.ts";
import type { ListUpstreamFields } from "./forward-headers.ts";
import { chooseScheme, createFieldLister, removeQueryToken } from "./forward-headers.ts";
import { forwardUpgrade } from "./forward-upgrade.ts";
import { isEncrypted, readShownCertificate } from "./shown-certificate.ts";
import type { StreamWatch } from "./stream-watch.ts";

export interface ProxySetup {
  readonly limits: ProxyConfiguration;
  /** Where a route leads to. The configuration's checks see to it that every route has one. */
  findUpstream(route: RouteConfiguration): ProxiedUpstream | undefined;
  readonly decide: Decide;
  readonly isTrustedPeer: IsTrustedPeer;
  /** Default no header says which client certificate a trusted proxy checked. */
  readonly addCertificate?: AddCertificate | undefined;
  readonly isOwn: IsInNamespace;
  /** The decider's own, so that nobody reads headers twice. */
  readonly headerReader: HeaderReader;
  readonly report: ReportDecision;
  readonly streams: StreamWatch;
  readonly slots: Slots;
  onShed(): void;
  readonly realm: string | undefined;
  readonly logger: OperationalLog;
  readonly clock: () => number;
}

export interface ProxiedUpstream {
  readonly upstream: Upstream;
  /** Its host and port; undefined to keep the client's `Host`. */
  readonly host: string | undefined;
}

/** One request, and the listener that it came through. */
export interface ProxiedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: ListenAddress;
  /** Asks a client that expects 100 for its body; absent where it does not wait. */
  readonly accept?: () => void;
  /** Where the client asks for a WebSocket: what it sent after its handshake. */
  readonly webSocketHead?: Buffer;
  /** True where an answer that begins now has to end the connection. */
  isClosing(): boolean;
}

/** Requests in flight through the proxy, over all configurations. */
export interface Slots {
  taken: number;
}

/** Handles one request; resolves at its end. Never throws and never rejects. */
export type HandleProxied = (exchange: ProxiedExchange) => Promise<void>;

const DOOR = "proxy";
const OVERLOAD_RETRY_SECONDS = 1;
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const BAD_HANDSHAKE = describeProblem({
  status: 400,
  title: "Bad Request",
  detail: "A WebSocket handshake is a GET of HTTP/1.1 with Sec-WebSocket-Key and without a body",
  code: "bad_websocket_handshake",
});

/** Creates the handler of the proxy's listener. */
export function createProxyHandler(given: ProxySetup): HandleProxied {
  const { slots, isOwn, limits } = given;
  const setup = { ...given, listFields: createFieldLister({ isOwn, forwardToken: limits.forwardToken }) };
  return async (exchange) => {
    if (slots.taken >= setup.limits.maxConcurrentRequests) return shed(exchange, setup);
    slots.taken += 1;
    try {
      await handle(exchange, setup);
    } catch (error) {
      setup.logger.error({ err: error }, "a defect in the proxy; the request was refused");
      const { response } = exchange;
      respond(
        response,
        answerRefusal({ rejected: createRefusal("internal_error"), scopes: [] }, setup.realm),
        exchange.isClosing(),
      );
      // An answer that had begun cannot be corrected, only cut.
      if (!response.writableEnded) response.destroy();
    } finally {
      slots.taken -= 1;
    }
  };
}

/** With what is compiled once. */
interface CompiledSetup extends ProxySetup {
  readonly listFields: ListUpstreamFields;
}

async function handle(exchange: ProxiedExchange, setup: CompiledSetup): Promise<void> {
  const { request, response, address } = exchange;
  if (request.rawHeaders.length > 2 * MAX_HEADER_FIELDS) {
    return respond(response, TOO_MANY_FIELDS, exchange.isClosing());
  }
  const peer = identifyPeer(request.socket.remoteAddress, address);
  const isTrusted = setup.isTrustedPeer(peer);
  const plain = describe(request, setup.headerReader, isTrusted);
  const certified = isTrusted ? setup.addCertificate?.(plain) : undefined;
  // Where a trusted proxy says which certificate its client had, the connection's own is the proxy's.
  const shown = certified === undefined ? readShownCertificate(request.socket) : undefined;
  if (certified?.ok === false)
    return refuseCertificate(exchange, plain, { ...setup, problem: certified.problem });
  const described =
    certified?.request ??
    (shown === undefined ? plain : extendDescription(plain, { clientCertificate: shown }));
  if (exchange.webSocketHead !== undefined && !isHandshake(request)) {
    return respond(response, BAD_HANDSHAKE, exchange.isClosing());
  }
  const decided = setup.decide(described);
  const decision = decided instanceof Promise ? await decided : decided;
  if (!decision.allow) return refuse(exchange, { described, decision }, setup);
  const { reading } = plain;
  await forward(exchange, { described, reading, decision, peer, isTrusted }, setup);
}

function describe(request: IncomingMessage, reader: HeaderReader, isTrusted: boolean): DescribedRequest {
  const reading = reader.read(request.rawHeaders);
  const line = {
    method: request.method ?? "",
    scheme: chooseScheme(reading, { isTrusted, own: isEncrypted(request.socket) ? "https" : "http" }),
    // None or several break the grammar of a host, so the decision refuses them.
    host: reading.isRepeated("host") ? "" : (reading.first("host") ?? ""),
    target: request.url ?? "",
  };
  return new DescribedRequest(line, reading);
}

function refuseCertificate(
  exchange: ProxiedExchange,
  described: RequestDescription,
  setup: ProxySetup & { readonly problem: string },
): void {
  const rejected = createRefusal("malformed_request", { found: setup.problem });
  refuse(exchange, { described, decision: refuseUndecided(rejected, setup) }, setup);
}

/** A refusal before the core was asked. */
function refuseUndecided(rejected: RefusedDecision["rejected"], setup: ProxySetup): RefusedDecision {
  const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
  return { allow: false, rejected, scopes: [], remove: [], timing };
}

function refuse(
  { request, response, isClosing }: ProxiedExchange,
  { described, decision }: { readonly described: RequestDescription; readonly decision: RefusedDecision },
  setup: ProxySetup,
): void {
  const answer = answerRefusal(decision, setup.realm);
  // A body that nobody asked for is not read to its end.
  const isLast = hasBody(request) || isClosing();
  setup.report({ door: DOOR, request: described, decision, status: answer.status });
  respond(response, answer, isLast);
}

interface Allowed {
  readonly described: RequestDescription;
  readonly reading: HeaderReading;
  readonly decision: AllowedDecision;
  readonly peer: string;
  readonly isTrusted: boolean;
}

async function forward(exchange: ProxiedExchange, allowed: Allowed, setup: CompiledSetup): Promise<void> {
  const { request, response, accept } = exchange;
  const { described, decision } = allowed;
  const told = { door: DOOR, request: described, decision };
  const target = setup.findUpstream(decision.route);
  if (target === undefined) throw new TypeError("a route without an upstream");
  if (Number(request.headers["content-length"] ?? 0) > setup.limits.maxBodyBytes) {
    const answer = answerFailure("body_too_large");
    setup.report({ ...told, status: answer.status, failure: "body_too_large" });
    return respond(response, answer, exchange.isClosing());
  }
  accept?.();
  // A request that was destroyed has none any more.
  const { socket } = request;
  let status: number | undefined;
  try {
    const { reading, peer, isTrusted } = allowed;
    const { host, scheme } = described;
    const { identity } = decision;
    const upstreamHost = target.host;
    const forwarded = { reading, identity, host, upstreamHost, peer, isTrusted, scheme };
    const fields = setup.listFields(forwarded);
    await send(exchange, allowed, {
      limits: setup.limits,
      streams: setup.streams,
      upstream: target.upstream,
      fields,
      onStatus(upstreamStatus) {
        status = upstreamStatus;
        setup.report({ door: DOOR, request: described, decision, status });
      },
    });
  } catch (error) {
    const failure = response.destroyed || socket.destroyed ? "client_aborted" : classifyFailure(error);
    if (failure !== "client_aborted")
      setup.logger.warn({ err: error, failure }, "a request could not be forwarded");
    const answer = answerFailure(failure);
    if (status === undefined) setup.report({ ...told, status: answer.status, failure });
    respond(response, answer);
    if (!response.writableEnded) response.destroy();
  }
}

interface Sending extends Pick<ProxySetup, "limits" | "streams"> {
  readonly upstream: Upstream;
  /** Headers toward the upstream. */
  readonly fields: string[];
  onStatus(status: number): void;
}

function send(exchange: ProxiedExchange, { described, decision }: Allowed, setup: Sending): Promise<void> {
  const { request, response, webSocketHead, isClosing } = exchange;
  const { upstream, fields: headers, onStatus } = setup;
  const watch = (end: (cause: StreamEnd) => void): (() => void) => {
    const expiresAt = decision.verdict?.token.expiresAt ?? Infinity;
    // Its proof of possession was for the opening alone.
    return setup.streams.add({
      described: extendDescription(described, { isOngoing: true }),
      expiresAt,
      end,
    });
  };
  const target = removeQueryToken(described.target);
  if (webSocketHead === undefined) {
    const { method } = described;
    const clientHeaders = listClientHeaders(decision);
    const common = { method, target, headers, request, response, clientHeaders, isClosing, onStatus };
    return upstream.forward({ ...common, onStream: (end) => watch(end) });
  }
  return forwardUpgrade({
    upstream,
    target,
    headers,
    response,
    onStatus,
    socket: request.socket,
    head: webSocketHead,
    idleTimeoutMs: setup.limits.tunnelIdleTimeoutMs,
    onOpen: (tunnel) => watch((cause) => tunnel.close(cause === "shutdown" ? GOING_AWAY : POLICY_VIOLATION)),
  });
}

/** RFC 6455 section 4.1. A body would be read as frames by one side and as a request by the other. */
function isHandshake(request: IncomingMessage): boolean {
  const { method, httpVersion, headers } = request;
  const hasKey = typeof headers["sec-websocket-key"] === "string";
  return method === "GET" && httpVersion === "1.1" && hasKey && !hasBody(request);
}

function shed(exchange: ProxiedExchange, setup: ProxySetup): void {
  setup.onShed();
  const rejected = createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS });
  const decision = refuseUndecided(rejected, setup);
  refuse(exchange, { described: describe(exchange.request, setup.headerReader, false), decision }, setup);
}
