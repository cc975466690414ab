/** The HTTP listener that gateways ask: one path for each dialect. */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";

import { pairRawHeaders } from "countersign/http";

import type { ListenAddress } from "../config/configuration.ts";
import type { IsTrustedPeer } from "../config/trusted-proxies.ts";
import { identifyPeer } from "../config/trusted-proxies.ts";
import type { Decide } from "../decision/create-decider.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { Decision, RefusedDecision, RequestDescription } from "../decision/decision.ts";
import {
  answerRefusal,
  describeProblem,
  MAX_HEADER_FIELDS,
  respond,
  TOO_MANY_FIELDS,
} from "../decision/http-answer.ts";
import type { ReportDecision } from "../decision/report-decision.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";

export interface DecisionListenerSetup {
  readonly address: ListenAddress;
  readonly dialects: readonly Dialect[];
  readonly decide: Decide;
  readonly isTrustedPeer: IsTrustedPeer;
  readonly report: ReportDecision;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  /** Longest header section in bytes. */
  readonly maxHeaderBytes: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 75_000;
const WARN_INTERVAL_MS = 60_000;

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "No decision endpoint has this path",
  code: "not_found",
});
/** Creates the listener; it does not listen yet. */
export function createDecisionListener(setup: DecisionListenerSetup): Server {
  const dialects = new Map(setup.dialects.map((dialect) => [dialect.path, dialect]));
  const warn = createWarner(setup);
  const server = createServer(
    {
      insecureHTTPParser: false,
      maxHeaderSize: setup.maxHeaderBytes,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Longer than gateways keep idle connections, so that they close them and not we under a request.
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      answerGateway({ request, response, dialects, warn }, setup).catch((error: unknown) => {
        setup.logger.error({ err: error }, "a defect in the decision listener; the request was refused");
        respond(
          response,
          answerRefusal({ rejected: createRefusal("internal_error"), scopes: [] }, undefined),
        );
      });
    },
  );
  server.maxHeadersCount = 0;
  return server;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly warn: (problem: string, dialect: string) => void;
}

async function answerGateway(exchange: Exchange, setup: DecisionListenerSetup): Promise<void> {
  const { request, response, dialects, warn } = exchange;
  // Some gateways append the client's query to ours, so nothing is ever read from it.
  const dialect = dialects.get(request.url?.split("?", 1)[0] ?? "");
  if (dialect === undefined) return respond(response, NOT_FOUND);
  if (request.rawHeaders.length > 2 * MAX_HEADER_FIELDS) return respond(response, TOO_MANY_FIELDS);
  const headers = pairRawHeaders(request.rawHeaders);
  const { decision, described } = await decideFor(dialect, headers);
  const answer = dialect.answer(decision);
  setup.report({
    door: dialect.name,
    ...(described && { request: described }),
    decision,
    status: answer.status,
  });
  respond(response, answer);

  async function decideFor(
    { name, describe }: Dialect,
    pairs: RequestDescription["headers"],
  ): Promise<{ decision: Decision; described?: RequestDescription }> {
    if (!setup.isTrustedPeer(identifyPeer(request.socket.remoteAddress, setup.address))) {
      warn("a peer that is not in trustedProxies asked for a decision", name);
      return { decision: refuse("policy_denied", { expected: "a peer of trustedProxies" }) };
    }
    const reading = describe(pairs);
    if (reading.kind === "described")
      return { decision: await setup.decide(reading.request), described: reading.request };
    if (reading.kind === "ambiguous")
      return { decision: refuse("malformed_request", { found: reading.problem }) };
    warn(`the gateway does not describe the request: ${reading.problem}`, name);
    return {
      decision: refuse("policy_denied", { expected: "a description of the request", found: reading.problem }),
    };
  }

  function refuse(...refusal: Parameters<typeof createRefusal>): RefusedDecision {
    const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
    return { allow: false, rejected: createRefusal(...refusal), scopes: [], remove: [], timing };
  }
}

/** Says what a gateway does wrong, at most once a minute for each problem. */
function createWarner({ logger, clock }: DecisionListenerSetup): Exchange["warn"] {
  const saidAt = new Map<string, number>();
  return (problem, dialect) => {
    const now = clock();
    const last = saidAt.get(problem);
    if (last !== undefined && now - last < WARN_INTERVAL_MS) return;
    saidAt.set(problem, now);
    logger.warn({ dialect }, problem);
  };
}
