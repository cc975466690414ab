/** Health and metrics, on their own listener. No header and no path of the others leads here. */

import type { AssertionHost } from "../assertion/assertion-keys.ts";
import { createKeySetPage } from "../assertion/key-set-page.ts";
import type { Answer } from "../decision/http-answer.ts";
import { describeProblem } from "../decision/http-answer.ts";
import type { RevocationReadiness } from "../revocation/revocations.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { METRICS_CONTENT_TYPES } from "../telemetry/render-metrics.ts";
import { chooseMetricsFormat } from "./choose-metrics-format.ts";
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

/** One request of an operator. */
export interface AdminQuestion {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. Default none. */
  readonly rawHeaders?: readonly string[];
  /** The body; undefined where it is longer than `maxBytes`. Default there is none. Rejects where it does not come whole. */
  readBody?(maxBytes: number): Promise<string | undefined>;
}

export interface AdminSetup {
  readonly metrics: Pick<Metrics, "render">;
  readonly readiness: Pick<Readiness, "list">;
  /** True once nothing new should come. */
  isStopping(): boolean;
  /** Absent where nothing can be revoked. */
  readonly revocation?: () => RevocationReadiness;
  /** Answers below `/api/`. Never rejects. Absent where there is none. */
  readonly api?: (question: AdminQuestion) => Promise<Answer>;
  /** Whose keys are told at `/.well-known/jwks.json`. Absent where no identities are signed. */
  readonly assertions?: Pick<AssertionHost, "readKeySet">;
  /** Absent where this process judges by itself. */
  readonly workers?: AdminWorkers;
}

/** The processes that judge, as operators see them. */
export interface AdminWorkers {
  count(): { readonly serving: number; readonly wanted: number };
  /** Brings the metrics up to date, as far as that takes no long time. Never rejects. */
  collect(): Promise<void>;
}

/** Creates what answers behind the admin listener. It never throws. */
export function createAdminAnswerer(
  setup: AdminSetup,
): (question: AdminQuestion) => Answer | Promise<Answer> {
  const { workers } = setup;
  const renderMetrics = ({ rawHeaders = [] }: AdminQuestion): Answer => {
    const format = chooseMetricsFormat(rawHeaders);
    const headers = [
      ["Content-Type", METRICS_CONTENT_TYPES[format]],
      ["Vary", "Accept"],
    ] as const;
    return { status: 200, headers, body: setup.metrics.render(format) };
  };
  const pages = new Map<string, (question: AdminQuestion) => Answer | Promise<Answer>>([
    ["/healthz/live", () => answerJson(200, { status: "live" })],
    ["/healthz/ready", () => answerReady(setup)],
    [
      "/metrics",
      workers ? (question) => workers.collect().then(() => renderMetrics(question)) : renderMetrics,
    ],
  ]);
  const { api } = setup;
  const findKeySet = createKeySetPage(setup.assertions);
  return (question) => {
    const { method, target } = question;
    if (api !== undefined && target.startsWith("/api/")) return api(question);
    const keySet = findKeySet(question);
    if (keySet !== undefined) return keySet;
    const page = pages.get(target.split("?", 1)[0] ?? "");
    if (page === undefined) return NOT_FOUND;
    return method === "GET" || method === "HEAD" ? page(question) : METHOD_NOT_ALLOWED;
  };
}

/** Not ready is 503, so that no traffic comes; live stays 200, as a restart brings no keys (gateways' probes). */
function answerReady({ readiness, isStopping, workers, revocation }: AdminSetup): Answer {
  const parts = {
    issuers: readiness.list(),
    ...(revocation && { revocation: revocation() }),
    ...(workers && { workers: workers.count() }),
  };
  if (isStopping()) return answerJson(503, { status: "stopping", ...parts });
  const isReady =
    parts.issuers.every(({ ready }) => ready) &&
    parts.revocation?.ready !== false &&
    parts.workers?.serving !== 0;
  return answerJson(isReady ? 200 : 503, { status: isReady ? "ready" : "unready", ...parts });
}

function answerJson(status: number, value: object): Answer {
  const headers = [
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
  ] as const;
  return { status, headers, body: JSON.stringify(value) };
}
