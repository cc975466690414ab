/** Health and metrics, on their own listener. No header and no path of the others leads here. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Answer } from "../decision/http-answer.ts";
import { describeProblem, respond } from "../decision/http-answer.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { METRICS_CONTENT_TYPE } from "../telemetry/render-metrics.ts";
import type { Readiness } from "./readiness.ts";

const NOT_FOUND = describeProblem({
  status: 404,
  title: "Not Found",
  detail: "There are /healthz/live, /healthz/ready and /metrics",
  code: "not_found",
});
const METHOD_NOT_ALLOWED: Answer = {
  ...describeProblem({
    status: 405,
    title: "Method Not Allowed",
    detail: "Use GET",
    code: "method_not_allowed",
  }),
  headers: [
    ["Allow", "GET, HEAD"],
    ["Content-Type", "application/problem+json"],
  ],
};

/** Creates the handler of the admin listener. It never throws. */
export function createAdminHandler(setup: {
  readonly metrics: Metrics;
  readonly readiness: Pick<Readiness, "list">;
  /** True once nothing new should come. */
  isStopping(): boolean;
}): (exchange: { readonly request: IncomingMessage; readonly response: ServerResponse }) => void {
  const pages = new Map<string, () => Answer>([
    ["/healthz/live", () => answerJson(200, { status: "live" })],
    ["/healthz/ready", () => answerReady(setup.readiness, setup.isStopping())],
    ["/metrics", () => answerText(setup.metrics.render())],
  ]);
  return ({ request, response }) => {
    const page = pages.get(request.url?.split("?", 1)[0] ?? "");
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (page === undefined) respond(response, NOT_FOUND);
    else respond(response, isRead ? page() : METHOD_NOT_ALLOWED);
  };
}

/** Not ready is 503, so that no traffic comes; live stays 200, as a restart brings no keys (gateways' probes). */
function answerReady(readiness: Pick<Readiness, "list">, isStopping: boolean): Answer {
  const issuers = readiness.list();
  const isReady = issuers.every(({ ready }) => ready);
  if (isStopping) return answerJson(503, { status: "stopping", issuers });
  return answerJson(isReady ? 200 : 503, { status: isReady ? "ready" : "unready", issuers });
}

function answerJson(status: number, value: object): Answer {
  const headers = [
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
  ] as const;
  return { status, headers, body: JSON.stringify(value) };
}

function answerText(body: string): Answer {
  return { status: 200, headers: [["Content-Type", METRICS_CONTENT_TYPE]], body };
}
