/** What every gateway's question goes through, whichever protocol it came over: trust, description, decision. */

import type { IsTrustedPeer, Peer } from "../config/trusted-proxies.ts";
import type { AddCertificate } from "../decision/add-certificate.ts";
import type { Decide } from "../decision/create-decider.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type {
  Decision,
  RefusalChallenge,
  RefusedDecision,
  RequestDescription,
} from "../decision/decision.ts";
import type { DialectReading } from "../dialects/dialect.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";

export interface JudgeSetup {
  readonly decide: Decide;
  readonly isTrustedPeer: IsTrustedPeer;
  readonly logger: OperationalLog;
  readonly clock: () => number;
  /** Default no header says which client certificate the gateway checked. */
  readonly addCertificate?: AddCertificate | undefined;
  /** What challenges say whatever was refused: nginx makes 401 of 400, and every 401 leads to the metadata. */
  readonly challenge?: RefusalChallenge;
}

export interface GatewayCall {
  /** The dialect's name. */
  readonly dialect: string;
  readonly peer: Peer;
  /** Reads what the gateway says of the client's request. */
  read(): DialectReading;
}

export interface JudgedCall {
  readonly decision: Decision;
  /** Absent where nothing usable was described. */
  readonly described?: RequestDescription;
}

/** Judges one question: at once, unless the decision has to wait. Does not throw, as long as `read` does not. */
export type JudgeQuestion = (call: GatewayCall) => JudgedCall | Promise<JudgedCall>;

const WARN_INTERVAL_MS = 60_000;

/** Creates the judge of one listener. A peer that is not trusted is refused before its description is read. */
export function createQuestionJudge(setup: JudgeSetup): JudgeQuestion {
  const warn = createWarner(setup);
  const refuse = (...refusal: Parameters<typeof createRefusal>): RefusedDecision => {
    const timing = { startedAt: setup.clock(), durationMs: 0, validationMs: undefined };
    const rejected = createRefusal(...refusal);
    const { challenge } = setup;
    return { allow: false, rejected, scopes: [], ...(challenge && { challenge }), remove: [], timing };
  };
  return ({ dialect, peer, read }) => {
    if (!setup.isTrustedPeer(peer)) {
      warn("a peer that is not in trustedProxies asked for a decision", dialect);
      return { decision: refuse("policy_denied", { expected: "a peer of trustedProxies" }) };
    }
    const reading = addTo(read(), setup.addCertificate);
    if (reading.kind === "described") {
      const described = reading.request;
      const decision = setup.decide(described);
      return decision instanceof Promise
        ? decision.then((settled) => ({ decision: settled, described }))
        : { decision, described };
    }
    const found = reading.problem;
    if (reading.kind === "ambiguous") return { decision: refuse("malformed_request", { found }) };
    warn(`the gateway does not describe the request: ${found}`, dialect);
    return { decision: refuse("policy_denied", { expected: "a description of the request", found }) };
  };
}

/** A certificate in the gateway's own protocol counts before one in a header. */
function addTo(reading: DialectReading, add: AddCertificate | undefined): DialectReading {
  if (add === undefined || reading.kind !== "described" || reading.request.clientCertificate) return reading;
  const added = add(reading.request);
  return added.ok
    ? { kind: "described", request: added.request }
    : { kind: "ambiguous", problem: added.problem };
}

/** Says what a gateway does wrong, at most once a minute for each problem. */
function createWarner({ logger, clock }: JudgeSetup): (problem: string, dialect: string) => void {
  const saidAt = new Map<string, number>();
  return (problem, dialect) => {
    const now = clock();
    const last = saidAt.get(problem);
    if (last !== undefined && now - last < WARN_INTERVAL_MS) return;
    saidAt.set(problem, now);
    logger.warn({ dialect }, problem);
  };
}
