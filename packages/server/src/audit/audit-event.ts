/**
 * The audit trail's one event: flat, versioned, and the same for every output. The tables below are the source of the
 * reference page, of what other schemas are made of, and of the tests.
 */

import type { PrincipalKind } from "countersign";

/** Of the event's form. A field is never given another meaning; a new field does not change the version. */
export const AUDIT_VERSION = 1;

/** As in syslog (RFC 5424 section 6.2.1): 6 informational, 5 notice, 4 warning, 3 error. */
export type AuditSeverity = 3 | 4 | 5 | 6;

interface EventRow {
  readonly severity: AuditSeverity;
  /** Written and synced before whoever caused it is answered, as far as somebody waits. */
  readonly isDurable: boolean;
  readonly about: string;
}

function told(severity: AuditSeverity, about: string): EventRow {
  return { severity, isDurable: false, about };
}

function durable(severity: AuditSeverity, about: string): EventRow {
  return { severity, isDurable: true, about };
}

export type AuditEventName =
  | "token.accepted"
  | "token.rejected"
  | "token.unchecked"
  | "token.suppressed"
  | "key.added"
  | "key.removed"
  | "key.first_used"
  | "key.set_held_back"
  | "key.refused"
  | "configuration.applied"
  | "configuration.refused"
  | "configuration.weakness"
  | "revocation.added"
  | "revocation.lifted"
  | "audit.started"
  | "audit.stopped"
  | "audit.lost";

/** Every kind of event. Names are never reused for something else. */
export const AUDIT_EVENTS: Readonly<Record<AuditEventName, EventRow>> = {
  "token.accepted": told(6, "A token was accepted; told as `audit.acceptances` says."),
  "token.rejected": told(5, "A request was refused, and the caller has to act."),
  "token.unchecked": told(
    4,
    "A request was refused because something could not be checked: the operator has to act.",
  ),
  "token.suppressed": told(4, "So many refusals of one reason and issuer were not told one by one."),
  "key.added": durable(5, "An issuer publishes a key that it did not before."),
  "key.removed": durable(5, "An issuer no longer publishes a key."),
  "key.first_used": durable(5, "A token was accepted by a key for the first time since the sidecar started."),
  "key.set_held_back": durable(4, "An issuer's key set shrank suddenly; the good one is kept for a while."),
  "key.refused": durable(4, "A published key breaks a rule and is not used."),
  "configuration.applied": durable(5, "A configuration came into force."),
  "configuration.refused": durable(4, "A configuration was refused as a whole; the one in force stays."),
  "configuration.weakness": durable(
    4,
    "A check is switched off, or something is weakened, by the configuration in force.",
  ),
  "revocation.added": durable(5, "Something was revoked or suspended."),
  "revocation.lifted": durable(5, "A revocation was taken back."),
  "audit.started": durable(5, "The trail begins."),
  "audit.stopped": durable(5, "The trail ends as it should."),
  "audit.lost": durable(3, "Events were lost: there was no room for them, or they could not be delivered."),
};

export type AuditOutputName = "file" | "stdout" | "syslog" | "otlp" | "webhook";

/** What is told of an event, without what every event has. No member holds text that only an unverified token says. */
export interface AuditFacts {
  readonly event: AuditEventName;
  readonly worker?: number;
  readonly reason?: string;
  readonly stage?: string;
  readonly expected?: string;
  readonly issuer?: string;
  readonly algorithm?: string;
  readonly keyId?: string;
  readonly keyAgeSeconds?: number;
  readonly subjectKind?: PrincipalKind;
  readonly expiresAt?: string;
  readonly door?: string;
  readonly method?: string;
  readonly path?: string;
  readonly route?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly configuration?: string;
  readonly place?: string;
  readonly detail?: string;
  readonly weakness?: string;
  readonly accepted?: boolean;
  readonly revocation?: string;
  readonly targetKind?: string;
  readonly count?: number;
  readonly since?: string;
  readonly output?: AuditOutputName | "worker";
}

/** Who and what an event is about, as it is: becomes a keyed pseudonym before anything is written. */
export interface AuditIdentities {
  readonly subject?: string;
  readonly client?: string;
  readonly tokenId?: string;
  readonly target?: string;
  /** As records of revocations name actors: a word, or "SUBJECT of ISSUER". */
  readonly actor?: string;
  /** SHA-256 of what the token's signature covers, in hexadecimal digits: the token itself never leaves its request. */
  readonly tokenDigest?: string;
  /** `iss` of whom they belong to; the same name of two issuers is two. */
  readonly identityIssuer?: string;
}

/** An event on its way to the process that writes. */
export interface AuditDraft extends AuditFacts {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly identities?: AuditIdentities;
}

/** An event as it is written. */
export interface AuditEvent extends AuditFacts {
  readonly v: typeof AUDIT_VERSION;
  readonly time: string;
  readonly severity: AuditSeverity;
  readonly outcome: "success" | "failure" | "unknown";
  readonly instance: string;
  readonly version: string;
  readonly subject?: string;
  readonly client?: string;
  readonly tokenId?: string;
  readonly token?: string;
  readonly target?: string;
  readonly actor?: string;
}

type FieldName = keyof AuditEvent;

interface FieldRow {
  readonly type: "text" | "number" | "time" | "pseudonym" | "flag";
  readonly about: string;
  /** Its place in the Elastic Common Schema, where there is one; else a label. */
  readonly ecs?: string;
}

/** Every field, in the order in which it is written. */
export const AUDIT_FIELDS: Readonly<Record<FieldName, FieldRow>> = {
  v: { type: "number", about: "Version of the event's form: 1." },
  time: { type: "time", about: "When it happened, UTC, with milliseconds.", ecs: "@timestamp" },
  event: { type: "text", about: "What happened; see the table of events.", ecs: "event.action" },
  severity: {
    type: "number",
    about: "As syslog counts: 6 informational, 5 notice, 4 warning, 3 error.",
    ecs: "event.severity",
  },
  outcome: { type: "text", about: "success, failure or unknown.", ecs: "event.outcome" },
  instance: {
    type: "text",
    about: "The sidecar: `audit.instance`, else the machine's name and the process id.",
    ecs: "service.node.name",
  },
  version: { type: "text", about: "The sidecar's version.", ecs: "service.version" },
  worker: { type: "number", about: "Which process of it, where there are several." },
  reason: {
    type: "text",
    about: "A row of the table of reasons, `ok`, or an upstream's failure.",
    ecs: "event.reason",
  },
  stage: { type: "text", about: "Where on the walk of a token it was found." },
  expected: {
    type: "text",
    about: "What was expected, from configuration or the standards; never what the token said.",
  },
  issuer: { type: "text", about: "Alias of a configured issuer; absent where the token's issuer is none." },
  algorithm: {
    type: "text",
    about: "Of the key that verified the signature, or of the key that is told about.",
  },
  keyId: { type: "text", about: "`kid` of a published key; never of an unverified token." },
  keyAgeSeconds: {
    type: "number",
    about:
      "How long the key had been published here before its first use; absent where it was there at the start.",
  },
  subject: { type: "pseudonym", about: "Of issuer and `sub` of a verified token.", ecs: "user.hash" },
  subjectKind: { type: "text", about: "user, client where a client speaks for itself, or workload." },
  client: { type: "pseudonym", about: "Of issuer and client id of a verified token." },
  token: {
    type: "pseudonym",
    about: "Of what the token's signature covers, also where it was refused: the same token has the same.",
  },
  tokenId: { type: "pseudonym", about: "Of issuer and `jti` of a verified token." },
  expiresAt: { type: "time", about: "When the accepted token expires." },
  door: {
    type: "text",
    about: "The front door: proxy, generic, nginx, traefik, caddy, envoy-http, envoy-grpc.",
  },
  method: { type: "text", about: "Of the request.", ecs: "http.request.method" },
  path: {
    type: "text",
    about: "Of the request, without query; what looks like a token is left out.",
    ecs: "url.path",
  },
  route: { type: "text", about: "The route's path pattern, of allowed requests." },
  status: { type: "number", about: "HTTP status of the answer.", ecs: "http.response.status_code" },
  durationMs: { type: "number", about: "Of the decision.", ecs: "event.duration" },
  configuration: { type: "text", about: "Which configuration: as `countersign_config_info` names it." },
  place: { type: "text", about: "Place in the configuration." },
  detail: { type: "text", about: "In words, for people." },
  weakness: {
    type: "text",
    about: "bypass, opt_out, exposure, route or exception, as `countersign check` tells them apart.",
  },
  accepted: { type: "flag", about: "Whether the configuration accepts the weakness, under `exceptions`." },
  revocation: { type: "text", about: "Id of the revocation." },
  targetKind: { type: "text", about: "token, subject, session, client, key or issuer." },
  target: {
    type: "pseudonym",
    about: "Of issuer and what was revoked; of tokens, subjects and clients the same as in their own fields.",
  },
  actor: {
    type: "text",
    about: "Who revoked; where that is known by a token, the pseudonym of issuer and `sub`.",
  },
  count: { type: "number", about: "How many." },
  since: { type: "time", about: "When the first of them was." },
  output: {
    type: "text",
    about: "Which output lost them: file, stdout, syslog, otlp, webhook, or worker for the way to it.",
  },
};

/** Names of all fields in their order. */
export const AUDIT_FIELD_NAMES: readonly FieldName[] = Object.keys(AUDIT_FIELDS) as FieldName[];
