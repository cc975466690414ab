/** Envoy's ext_authz over gRPC, v3: from a `CheckRequest` to a description, and from a decision to a `CheckResponse`. */

import { REASONS } from "countersign";

import { createCertificateReader } from "../../decision/client-certificate.ts";
import { listClientHeaders } from "../../decision/client-headers.ts";
import type { AllowedDecision, Decision, RefusedDecision } from "../../decision/decision.ts";
import { DescribedRequest, extendDescription } from "../../decision/described-request.ts";
import type { HeaderReading } from "../../decision/header-reading.ts";
import type { Answer } from "../../decision/http-answer.ts";
import { answerRefusal, TOO_MANY_FIELDS } from "../../decision/http-answer.ts";
import type { DialectReading, DialectSettings } from "../dialect.ts";
import { changeIdentity } from "../identity-changes.ts";
import type { CheckRequest } from "./check-request.ts";
import { writeAllowedCheck, writeDeniedCheck } from "./check-response.ts";
import { writePrincipal } from "./write-principal.ts";

/** An answer, and the HTTP status that the client gets where it is a refusal; else 200. */
export interface CheckAnswer {
  readonly status: number;
  /** May be the answer to others too: not to be changed. */
  readonly message: Uint8Array;
}

export interface EnvoyGrpcDialect {
  /** Name in metrics and events. */
  readonly name: "envoy-grpc";
  /** @param reading Of the headers of the same check. */
  describe(check: CheckRequest, reading: HeaderReading): DialectReading;
  /**
   * Says the decision in Envoy's terms. A system fault is a refusal with 503 too, and no error of the call: so
   * the client learns when to come back, and `failure_mode_allow` does not open the door.
   */
  answer(decision: Decision): CheckAnswer;
  /** The answer to a request with more header fields than are looked at. */
  answerTooManyFields(): CheckAnswer;
}

/** Envoy writes it as nginx does: PEM, URL-encoded. */
const readPeerCertificate = createCertificateReader("pem");

const PERMISSION_DENIED = 7;
/** Refusals that are kept ready: each reason on each route at most, and routes may be many. */
const MAX_KEPT_REFUSALS = 1024;

export function createEnvoyGrpcDialect(settings: DialectSettings): EnvoyGrpcDialect {
  const refuse = createRefuser(settings);
  const allow = createAllower(settings);
  const tooManyFields = deny(TOO_MANY_FIELDS, PERMISSION_DENIED);
  return {
    name: "envoy-grpc",
    describe,
    answer: (decision) => (decision.allow ? allow(decision) : refuse(decision)),
    answerTooManyFields: () => tooManyFields,
  };
}

function describe(check: CheckRequest, reading: HeaderReading): DialectReading {
  const { method, path: target, host, scheme } = check;
  if (method === "" || scheme === "") return { kind: "missing", problem: "no method or no scheme" };
  if (check.hasBothForms) return { kind: "ambiguous", problem: "both forms of headers" };
  if (scheme !== "http" && scheme !== "https") {
    return { kind: "ambiguous", problem: "a scheme that is neither http nor https" };
  }
  const peer = readPeerCertificate([check.peerCertificate]);
  if (!peer.ok) return { kind: "ambiguous", problem: peer.problem };
  const request = new DescribedRequest({ method, target, host, scheme }, reading);
  const { certificate: clientCertificate } = peer;
  return {
    kind: "described",
    request: clientCertificate === undefined ? request : extendDescription(request, { clientCertificate }),
  };
}

/** Where nobody is authenticated, and nobody claims to be, the answer is always the same. */
function createAllower(settings: DialectSettings): (decision: AllowedDecision) => CheckAnswer {
  let nobody: CheckAnswer | undefined;
  const write = (decision: AllowedDecision): CheckAnswer => {
    const { set, remove } = changeIdentity(decision, settings);
    const metadata = writePrincipal(decision.verdict);
    return {
      status: 200,
      message: writeAllowedCheck({ set, remove, toClient: listClientHeaders(decision), metadata }),
    };
  };
  return (decision) => {
    if (decision.verdict !== undefined || decision.remove.some(settings.isOwn)) return write(decision);
    nobody ??= write(decision);
    return nobody;
  };
}

/** A refusal follows from its reason and from configuration, and only `Retry-After` from the moment. */
function createRefuser({ realm }: DialectSettings): (decision: RefusedDecision) => CheckAnswer {
  const kept = new Map<string, CheckAnswer>();
  return (decision) => {
    const key = keyOf(decision);
    const known = key === undefined ? undefined : kept.get(key);
    if (known !== undefined) return known;
    const answer = deny(answerRefusal(decision, realm), REASONS[decision.rejected.reason].grpcStatus);
    if (key !== undefined && kept.size < MAX_KEPT_REFUSALS) kept.set(key, answer);
    return answer;
  };
}

/** All that the answer follows from; undefined where it is this one's alone. */
function keyOf({ rejected, scopes, challenge }: RefusedDecision): string | undefined {
  const { reason, retryAfterSeconds, dpopNonce } = rejected;
  if (retryAfterSeconds !== undefined || dpopNonce !== undefined) return undefined;
  return scopes.length === 0 && tellsNoMoreThanMetadata(challenge)
    ? `${reason} ${challenge?.resourceMetadata ?? ""}`
    : JSON.stringify([reason, scopes, challenge]);
}

/** By what is there, and not by name: what challenges come to say besides must not be mistaken for nothing. */
function tellsNoMoreThanMetadata(challenge: RefusedDecision["challenge"]): boolean {
  for (const name in challenge) if (name !== "resourceMetadata") return false;
  return true;
}

function deny({ status, headers, body }: Answer, code: number): CheckAnswer {
  return { status, message: writeDeniedCheck({ code, status, headers, body }) };
}
