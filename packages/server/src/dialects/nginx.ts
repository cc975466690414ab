import { publicReason } from "countersign/http";
import { listClientHeaders } from "../decision/client-headers.ts";
import type { AllowedDecision, RefusedDecision } from "../decision/decision.ts";
import type { HeaderReading, WatchedHeader } from "../decision/header-reading.ts";
import type { Answer } from "../decision/http-answer.ts";
import { answerRefusal } from "../decision/http-answer.ts";
import type { DescriptionHeaders, Dialect, DialectReading, DialectSettings } from "./dialect.ts";
import { readDescription } from "./dialect.ts";

/**
 * `/authz/nginx`, for `auth_request`: reads `X-Original-Method`, `-URI`, `-Host` and `-Proto`.
 *
 * nginx passes on 2xx, 401 and 403 and makes 500 of every other status. Therefore 400 is answered as 401
 * (with the invalid_request challenge), and a system fault stays 503, which the client sees as 500: neither
 * let in nor told to get another token. With `flattenUnavailable` it is 403 instead. `X-Auth-Status` and
 * `X-Auth-Reason` carry the true status and reason for `auth_request_set` and `error_page`.
 */
export function createNginxDialect(settings: DialectSettings): Dialect {
  const names = { status: `${settings.prefix}status`, reason: `${settings.prefix}reason` };
  return {
    name: "nginx",
    path: "/authz/nginx",
    describe: ({ reading }) => settings.refuseUnknownIdentity(describeOriginal(reading), reading),
    answer(decision) {
      if (!decision.allow) return flattenRefusal(decision, settings);
      const told = [
        ["Cache-Control", chooseCacheControl(decision, settings)],
        [names.status, "200"],
        [names.reason, decision.verdict === undefined ? "anonymous" : "ok"],
      ] as const;
      return {
        status: 200,
        headers: [...told, ...listClientHeaders(decision), ...decision.identity],
        body: "",
      };
    },
  };
}

const UPSTREAM_TOKENS = new Set(["authorization", "txn-token"]);

/**
 * Only what holds for the next request too may be kept: nothing that is asked each time, no proof of possession,
 * nothing where the client sent headers of the identity namespace.
 */
function chooseCacheControl(decision: AllowedDecision, settings: DialectSettings): string {
  const { decisionMaxAgeSeconds, isOwn } = settings;
  if (decisionMaxAgeSeconds === 0) return "no-store";
  const { verdict, route, remove, timing } = decision;
  const isBound = verdict?.token.claims["cnf"] !== undefined;
  const asksEachTime = route.introspect === true || route.singleUse === true || route.revocation === "fresh";
  // A token for the upstream ends by itself, and nginx would not know when.
  if (decision.identity.some(([name, value]) => value !== "" && UPSTREAM_TOKENS.has(name))) return "no-store";
  if (isBound || asksEachTime || remove.some(isOwn)) return "no-store";
  const left = verdict === undefined ? Infinity : (verdict.token.expiresAt - timing.startedAt) / 1000;
  const maxAge = Math.min(decisionMaxAgeSeconds, Math.floor(left));
  return maxAge < 1 ? "no-store" : `max-age=${maxAge}`;
}

const ORIGINAL: DescriptionHeaders = {
  method: "x-original-method",
  uri: "x-original-uri",
  host: "x-original-host",
  proto: "x-original-proto",
};

function describeOriginal(reading: HeaderReading): DialectReading {
  const description = readDescription(reading, ORIGINAL);
  if (description.kind !== "described") return description;
  // nginx hands on what the client sent, unless its configuration blanks it: another description is an attack.
  const { method, target } = description.request;
  return saysOther(reading, "x-forwarded-uri", target) || saysOther(reading, "x-forwarded-method", method)
    ? { kind: "ambiguous", problem: "X-Forwarded-* that differs from X-Original-*" }
    : description;
}

function saysOther(reading: HeaderReading, name: WatchedHeader, said: string): boolean {
  if (reading.first(name) === undefined) return false;
  return reading.values(name).some((value) => value !== "" && value !== said);
}

function flattenRefusal(decision: RefusedDecision, settings: DialectSettings): Answer {
  const answer = answerRefusal(decision, settings.realm);
  const headers = [
    ...answer.headers,
    [`${settings.prefix}status`, String(answer.status)],
    [`${settings.prefix}reason`, publicReason(decision.rejected.reason)],
  ] as const;
  return { status: flattenStatus(answer.status, settings), headers, body: answer.body };
}

function flattenStatus(status: number, { flattenUnavailable }: DialectSettings): number {
  if (status === 400) return 401;
  return status === 503 && flattenUnavailable ? 403 : status;
}
