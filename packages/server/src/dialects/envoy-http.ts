import { listClientHeaders } from "../decision/client-headers.ts";
import type { AllowedDecision } from "../decision/decision.ts";
import type { Answer } from "../decision/http-answer.ts";
import { answerRefusal } from "../decision/http-answer.ts";
import type { Dialect, DialectReading, DialectSettings, GatewayQuestion } from "./dialect.ts";
import { describeFrom, describeProblem, isMissing } from "./dialect.ts";
import { changeIdentity } from "./identity-changes.ts";

/**
 * `/authz/envoy/*`, for ext_authz over HTTP with `path_prefix: /authz/envoy`: the client's method and host are
 * ours, its target follows the prefix, its scheme is in `X-Forwarded-Proto`. Envoy takes 200 alone as allowed, 5xx
 * as an error of ours (`failure_mode_allow`, `status_on_error`), and copies any other answer to the client.
 *
 * `x-envoy-auth-headers-to-remove` names what must not reach the upstream: identity that is not there, and every
 * spelling of the namespace that the client sent.
 */
export function createEnvoyHttpDialect(settings: DialectSettings): Dialect {
  return {
    name: "envoy-http",
    path: "/authz/envoy",
    takesTarget: true,
    describe,
    answer: (decision) =>
      decision.allow ? answerAllowed(decision, settings) : answerRefusal(decision, settings.realm),
  };
}

function describe({ method, target, reading }: GatewayQuestion): DialectReading {
  const host = reading.first("host");
  if (isMissing(host) || reading.isRepeated("host")) return describeProblem(reading, "host");
  return describeFrom({ method, target, host }, reading, "x-forwarded-proto");
}

function answerAllowed(decision: AllowedDecision, settings: DialectSettings): Answer {
  const { set, remove } = changeIdentity(decision, settings);
  return {
    status: 200,
    headers: [
      ["Cache-Control", "no-store"],
      ...listClientHeaders(decision),
      ...set,
      ...(remove.length === 0 ? [] : [["x-envoy-auth-headers-to-remove", remove.join(", ")] as const]),
    ],
    body: "",
  };
}
