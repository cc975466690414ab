/** Envoy's ext_authz over gRPC, v3: from a `CheckRequest` to a description, and from a decision to a `CheckResponse`. */

import type { Accepted, JsonObject } from "countersign";
import { REASONS } from "countersign";

import type { AllowedDecision, Decision } from "../../decision/decision.ts";
import type { Answer } from "../../decision/http-answer.ts";
import { answerRefusal, TOO_MANY_FIELDS } from "../../decision/http-answer.ts";
import type { DialectReading, DialectSettings } from "../dialect.ts";
import { changeIdentity } from "../identity-changes.ts";
import type { CheckRequest } from "./check-request.ts";
import { writeAllowedCheck, writeDeniedCheck } from "./check-response.ts";

/** An answer, and the HTTP status that the client gets where it is a refusal; else 200. */
export interface CheckAnswer {
  readonly status: number;
  readonly message: Uint8Array;
}

export interface EnvoyGrpcDialect {
  /** Name in metrics and events. */
  readonly name: "envoy-grpc";
  describe(check: CheckRequest): DialectReading;
  /**
   * Says the decision in Envoy's terms. A system fault is a refusal with 503 too, and no error of the call: so
   * the client learns when to come back, and `failure_mode_allow` does not open the door.
   */
  answer(decision: Decision): CheckAnswer;
  /** The answer to a request with more header fields than are looked at. */
  answerTooManyFields(): CheckAnswer;
}

const PERMISSION_DENIED = 7;

export function createEnvoyGrpcDialect(settings: DialectSettings): EnvoyGrpcDialect {
  return {
    name: "envoy-grpc",
    describe,
    answer: (decision) =>
      decision.allow
        ? { status: 200, message: answerAllowed(decision, settings) }
        : deny(answerRefusal(decision, settings.realm), REASONS[decision.rejected.reason].grpcStatus),
    answerTooManyFields: () => deny(TOO_MANY_FIELDS, PERMISSION_DENIED),
  };
}

function describe(check: CheckRequest): DialectReading {
  const { method, path, host, scheme, headers } = check;
  if (method === "" || scheme === "") return { kind: "missing", problem: "no method or no scheme" };
  if (check.hasBothForms) return { kind: "ambiguous", problem: "both forms of headers" };
  if (scheme !== "http" && scheme !== "https") {
    return { kind: "ambiguous", problem: "a scheme that is neither http nor https" };
  }
  return { kind: "described", request: { method, target: path, host, scheme, headers } };
}

function answerAllowed(decision: AllowedDecision, settings: DialectSettings): Uint8Array {
  const { set, remove } = changeIdentity(decision, settings);
  return writeAllowedCheck({ set, remove, metadata: describePrincipal(decision.verdict) });
}

/** For filters behind this one: who it is, in one form whatever the issuer's claims are called. */
function describePrincipal(verdict: Accepted | undefined): JsonObject {
  if (verdict === undefined) return { authenticated: false };
  const { principal, token } = verdict;
  return {
    authenticated: true,
    kind: principal.kind,
    issuer: principal.issuer,
    issuer_name: token.issuer,
    ...(principal.subject === undefined ? {} : { subject: principal.subject }),
    ...(principal.client === undefined ? {} : { client: principal.client }),
    scopes: principal.scopes,
    roles: principal.roles,
    expires_at: Math.floor(token.expiresAt / 1000),
  };
}

function deny({ status, headers, body }: Answer, code: number): CheckAnswer {
  return { status, message: writeDeniedCheck({ code, status, headers, body }) };
}
