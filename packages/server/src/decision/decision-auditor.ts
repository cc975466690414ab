/** Tells the audit trail of decisions: refusals within their bounds, acceptances as configured, and each key's first use. */

import { createHash } from "node:crypto";

import type { Accepted } from "countersign";
import { extractBearer } from "countersign/http";

import type { AuditDraft, AuditIdentities } from "../audit/audit-event.ts";
import type { AuditSink } from "../audit/audit-sink.ts";
import { DenialLimiter } from "../audit/denial-limiter.ts";
import type { AuditConfiguration } from "../config/audit-configuration.ts";
import type { AllowedDecision, RefusedDecision } from "./decision.ts";
import type { DecisionReport } from "./report-decision.ts";

export interface DecisionAuditorSetup {
  readonly configuration: Pick<AuditConfiguration, "denials" | "acceptances" | "paths">;
  readonly sink: AuditSink;
  readonly clock: () => number;
}

/** What was only counted is told as a number so often. */
const SUMMARY_MS = 10_000;
const MAX_PATH_CHARACTERS = 256;
const MAX_TEXT_CHARACTERS = 256;
/** Of each issuer; a key set has no more that are used. */
const MAX_KEYS = 128;

export class DecisionAuditor {
  readonly #setup: DecisionAuditorSetup;
  readonly #limiter: DenialLimiter;
  /** One acceptance in so many is told; 0 for none. */
  readonly #oneIn: number;
  readonly #summary: NodeJS.Timeout;
  /** Keys that were used here, by the issuer's alias. */
  readonly #keys = new Map<string, Set<string | undefined>>();
  #accepted = 0;

  constructor(setup: DecisionAuditorSetup) {
    const { acceptances, denials } = setup.configuration;
    this.#setup = setup;
    this.#limiter = new DenialLimiter(denials);
    this.#oneIn = acceptances === "off" ? 0 : acceptances === "all" ? 1 : acceptances.oneIn;
    this.#summary = setInterval(() => this.tellSuppressed(), SUMMARY_MS);
    this.#summary.unref();
  }

  record(report: DecisionReport): void {
    const { decision } = report;
    if (!decision.allow) this.#recordRefused(report, decision);
    else if (decision.verdict !== undefined) this.#recordAccepted(report, decision, decision.verdict);
  }

  /** Tells what was only counted, now. */
  tellSuppressed(): void {
    const { sink, clock } = this.#setup;
    const timeMs = clock();
    for (const { reason, issuer, count, sinceMs } of this.#limiter.takeSuppressed()) {
      const since = new Date(sinceMs).toISOString();
      sink.record({
        event: "token.suppressed",
        timeMs,
        reason,
        count,
        since,
        ...(issuer !== undefined && { issuer }),
      });
    }
  }

  close(): void {
    clearInterval(this.#summary);
    this.tellSuppressed();
  }

  #recordAccepted(report: DecisionReport, decision: AllowedDecision, verdict: Accepted): void {
    const { token } = verdict;
    const { issuer, keyId, algorithm } = token;
    if (this.#keys.get(issuer)?.has(keyId) !== true) this.#recordKey(verdict, decision.timing.startedAt);
    if (this.#oneIn === 0) return;
    this.#accepted += 1;
    if (this.#accepted % this.#oneIn !== 0) return;
    const { expiresAt } = token;
    this.#setup.sink.record({
      event: "token.accepted",
      ...this.#describe(report),
      reason: report.failure ?? "ok",
      issuer,
      algorithm,
      ...(keyId !== undefined && { keyId: show(keyId) }),
      subjectKind: verdict.principal.kind,
      route: decision.route.path,
      ...(Number.isFinite(expiresAt) && { expiresAt: new Date(expiresAt).toISOString() }),
      identities: { ...identify(verdict), ...digestToken(report) },
    });
  }

  #recordKey({ token }: Accepted, timeMs: number): void {
    const { issuer, keyId, algorithm } = token;
    const keys = this.#keys.get(issuer) ?? new Set<string | undefined>();
    this.#keys.set(issuer, keys);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.add(keyId);
    const named = keyId !== undefined && { keyId: show(keyId) };
    this.#setup.sink.record({ event: "key.first_used", timeMs, issuer, algorithm, ...named });
  }

  #recordRefused(report: DecisionReport, { rejected, timing }: RefusedDecision): void {
    const { reason, fault, stage, issuer, expected } = rejected;
    if (!this.#limiter.take(reason, issuer, timing.startedAt)) return;
    this.#setup.sink.record({
      event: fault === "system" ? "token.unchecked" : "token.rejected",
      ...this.#describe(report),
      reason,
      stage,
      ...(issuer !== undefined && { issuer }),
      ...(expected !== undefined && { expected: show(expected) }),
      identities: digestToken(report),
    });
  }

  #describe({ door, request, decision, status }: DecisionReport): Omit<AuditDraft, "event"> {
    const { startedAt: timeMs, durationMs } = decision.timing;
    return {
      timeMs,
      door,
      ...(request !== undefined && { method: show(request.method) }),
      ...(request !== undefined && this.#setup.configuration.paths && { path: showPath(request.target) }),
      status,
      durationMs: Math.round(durationMs * 1000) / 1000,
    };
  }
}

function identify({ token, principal }: Accepted): AuditIdentities {
  const { jti } = token.claims;
  const { subject, client, issuer } = principal;
  return {
    identityIssuer: issuer,
    ...(subject !== undefined && { subject }),
    ...(client !== undefined && { client }),
    ...(typeof jti === "string" && { tokenId: jti }),
  };
}

/** Of what the signature covers: a signature can be spelled in more than one way. */
function digestToken({ request }: DecisionReport): AuditIdentities {
  const values = request?.reading?.values("authorization");
  if (values === undefined || values.length === 0) return {};
  const extracted = extractBearer(values);
  if (extracted.kind !== "token") return {};
  const { token } = extracted;
  const end = token.lastIndexOf(".");
  const signed = end > 0 ? token.slice(0, end) : token;
  return { tokenDigest: createHash("sha256").update(signed).digest("hex") };
}

/** A header of JSON, or three words joined by dots, is what tokens begin with and look like. */
const TOKEN_LIKE =
  /(?:eyJ[A-Za-z0-9_%-]{6,}[A-Za-z0-9_.%-]*|[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]*|[A-Za-z0-9_-]{43,})/g;

/** Without query, and without what looks like a token or a signature. */
function showPath(target: string): string {
  const path = target.split("?", 1)[0] ?? "";
  // Before it is cut: what is cut looks like something else.
  return path
    .slice(0, 4 * MAX_PATH_CHARACTERS)
    .replace(TOKEN_LIKE, "[token]")
    .slice(0, MAX_PATH_CHARACTERS)
    .replace(/[^\x21-\x7e]/g, "?");
}

/** Nothing that breaks a line or moves a terminal's cursor gets out. */
function show(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");
}
