/** Tells metrics and whoever listens what was decided, once the status of the answer is known. */

import type { DecisionSample } from "../telemetry/decision-counter.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { Decision, RequestDescription } from "./decision.ts";
import type { DecisionEvent, DecisionListener, ForwardFailure } from "./decision-event.ts";

export interface DecisionReport {
  /** "proxy", or the name of a dialect. */
  readonly door: string;
  /** Absent where the front door did not describe a request. */
  readonly request?: Pick<RequestDescription, "method" | "target" | "reading">;
  readonly decision: Decision;
  readonly status: number;
  /** Why an allowed request did not get the upstream's answer. */
  readonly failure?: ForwardFailure;
}

export type ReportDecision = (report: DecisionReport) => void;

const MAX_PATH_CHARACTERS = 256;
const MAX_SUBJECT_CHARACTERS = 256;

/** Creates the reporter of one sidecar. It never throws. */
export function createReporter(setup: {
  readonly metrics: Metrics;
  readonly logger: OperationalLog;
  readonly onDecision: DecisionListener | undefined;
  /** For the audit trail. Default there is none. */
  readonly auditDecision?: ((report: DecisionReport) => void) | undefined;
}): ReportDecision {
  const { metrics, logger, onDecision, auditDecision } = setup;
  return (report) => {
    metrics.recordDecision(toSample(report));
    for (const outcome of report.decision.shadow ?? []) metrics.recordShadow(outcome);
    if (onDecision === undefined && auditDecision === undefined) return;
    try {
      auditDecision?.(report);
      onDecision?.(toEvent(report));
    } catch (error) {
      logger.error({ err: error }, "a decision listener threw");
    }
  };
}

function toSample({ door, decision, failure }: DecisionReport): DecisionSample {
  const { validationMs } = decision.timing;
  if (decision.allow) {
    const outcome =
      failure !== undefined ? "failed" : decision.verdict === undefined ? "anonymous" : "authenticated";
    if (decision.verdict === undefined) return { door, outcome };
    const { issuer } = decision.verdict.token;
    return { door, outcome, validation: { issuer, reason: "ok", fault: "none", durationMs: validationMs } };
  }
  const { reason, fault, issuer } = decision.rejected;
  return {
    door,
    outcome: fault === "system" ? "failed" : "refused",
    validation: { issuer, reason, fault, durationMs: validationMs },
  };
}

function toEvent({ door, request, decision, status, failure }: DecisionReport): DecisionEvent {
  const { startedAt, durationMs } = decision.timing;
  const base = {
    time: startedAt,
    door,
    method: printable(request?.method ?? "?"),
    path: printable(request?.target.split("?", 1)[0] ?? "?"),
    status,
    durationMs,
    ...(decision.shadow && { shadow: decision.shadow }),
  };
  if (!decision.allow) {
    const { reason, fault, issuer } = decision.rejected;
    return {
      ...base,
      outcome: fault === "system" ? "failed" : "refused",
      reason,
      issuer,
      subject: undefined,
    };
  }
  const { verdict } = decision;
  return {
    ...base,
    outcome: failure === undefined ? "allowed" : "failed",
    reason: failure ?? (verdict === undefined ? "anonymous" : "ok"),
    issuer: verdict?.token.issuer,
    subject: verdict?.principal.subject === undefined ? undefined : showable(verdict.principal.subject),
  };
}

/** Issuers may put anything into a subject: nothing that moves a terminal's cursor or breaks a line gets out. */
function showable(text: string): string {
  return text.slice(0, MAX_SUBJECT_CHARACTERS).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");
}

function printable(text: string): string {
  return text.slice(0, MAX_PATH_CHARACTERS).replace(/[^\x21-\x7e]/g, "?");
}
