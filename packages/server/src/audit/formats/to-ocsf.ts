/** The event in the Open Cybersecurity Schema Framework 1.x. */

import { REASONS, type ReasonName } from "countersign";

import type { AuditEvent, AuditEventName } from "../audit-event.ts";
import { orderFields } from "./order-fields.ts";

const OCSF_VERSION = "1.3.0";

/** A class of events with its category: Identity and Access Management, Findings, or Application Activity. */
interface OcsfClass {
  readonly class_uid: number;
  readonly class_name: string;
  readonly category_uid: number;
  readonly category_name: string;
}

const IAM = { category_uid: 3, category_name: "Identity & Access Management" } as const;
const AUTHENTICATION: OcsfClass = { class_uid: 3002, class_name: "Authentication", ...IAM };
const ENTITY_MANAGEMENT: OcsfClass = { class_uid: 3004, class_name: "Entity Management", ...IAM };
const DETECTION: OcsfClass = {
  class_uid: 2004,
  class_name: "Detection Finding",
  category_uid: 2,
  category_name: "Findings",
};
const LIFECYCLE: OcsfClass = {
  class_uid: 6002,
  class_name: "Application Lifecycle",
  category_uid: 6,
  category_name: "Application Activity",
};

/** Of Entity Management: 1 Create, 3 Update, 4 Delete, 9 Disable, 10 Activate. Of others 99 Other with a name. */
const ACTIVITIES: Readonly<Record<AuditEventName, readonly [OcsfClass, number, string]>> = {
  "token.accepted": [AUTHENTICATION, 99, "Token Validation"],
  "token.rejected": [AUTHENTICATION, 99, "Token Validation"],
  "token.unchecked": [AUTHENTICATION, 99, "Token Validation"],
  "token.suppressed": [AUTHENTICATION, 99, "Token Validation"],
  "key.added": [ENTITY_MANAGEMENT, 1, "Create"],
  "key.removed": [ENTITY_MANAGEMENT, 4, "Delete"],
  "key.first_used": [ENTITY_MANAGEMENT, 10, "Activate"],
  "key.set_held_back": [DETECTION, 1, "Create"],
  "key.refused": [DETECTION, 1, "Create"],
  "configuration.applied": [ENTITY_MANAGEMENT, 3, "Update"],
  "configuration.refused": [ENTITY_MANAGEMENT, 3, "Update"],
  "configuration.weakness": [ENTITY_MANAGEMENT, 3, "Update"],
  "revocation.added": [ENTITY_MANAGEMENT, 9, "Disable"],
  "revocation.lifted": [ENTITY_MANAGEMENT, 10, "Activate"],
  "audit.started": [LIFECYCLE, 3, "Start"],
  "audit.stopped": [LIFECYCLE, 4, "Stop"],
  "audit.lost": [DETECTION, 1, "Create"],
};

/** Of syslog's numbers: 1 Informational, 2 Low, 3 Medium, 4 High. */
const SEVERITIES = { 6: 1, 5: 2, 4: 3, 3: 4 } as const;
const STATUSES = { success: 1, failure: 2, unknown: 0 } as const;
const OAUTH = 6;

/** An event of a class of OCSF; what has no place there is under `unmapped`. */
export function toOcsf(event: AuditEvent): Readonly<Record<string, unknown>> {
  const [ocsfClass, activity, activityName] = ACTIVITIES[event.event];
  return {
    ...ocsfClass,
    activity_id: activity,
    activity_name: activityName,
    type_uid: ocsfClass.class_uid * 100 + activity,
    severity_id: SEVERITIES[event.severity],
    time: Date.parse(event.time),
    message: event.event,
    metadata: {
      version: OCSF_VERSION,
      product: { name: "Countersign", vendor_name: "Countersign", version: event.version },
      event_code: event.event,
      log_name: "audit",
      profiles: ocsfClass === AUTHENTICATION ? ["security_control"] : [],
    },
    status_id: STATUSES[event.outcome],
    ...(event.reason !== undefined && { status_code: event.reason }),
    ...(event.detail !== undefined && { status_detail: event.detail }),
    ...(event.count !== undefined && { count: event.count }),
    ...describeClass(event, ocsfClass),
    unmapped: orderFields(event),
  };
}

function describeClass(event: AuditEvent, ocsfClass: OcsfClass): object {
  if (ocsfClass === AUTHENTICATION) return describeAuthentication(event);
  if (ocsfClass === ENTITY_MANAGEMENT) return describeEntity(event);
  if (ocsfClass === LIFECYCLE) return { app: { name: "Countersign", version: event.version } };
  return {
    finding_info: { uid: `${event.instance} ${event.time}`, title: event.event, desc: event.detail ?? "" },
  };
}

/** Of `subjectKind`: of type "System". */
const NO_PERSONS: readonly unknown[] = ["client", "workload"];

function describeAuthentication(event: AuditEvent): object {
  const isAllowed = event.outcome === "success";
  const { reason, issuer, tokenId, expiresAt, method, path, status, durationMs } = event;
  return {
    auth_protocol_id: OAUTH,
    auth_protocol: "OAUTH 2.0",
    action_id: isAllowed ? 1 : 2,
    disposition_id: isAllowed ? 1 : readDisposition(reason),
    // Required, also where nobody is known.
    user: { uid: event.subject ?? "unknown", type_id: NO_PERSONS.includes(event.subjectKind) ? 3 : 0 },
    service: { name: event.door ?? "countersign", uid: event.instance },
    ...(issuer !== undefined && {
      session: {
        issuer,
        ...(tokenId !== undefined && { uid: tokenId }),
        ...(expiresAt !== undefined && { expiration_time: Date.parse(expiresAt) }),
      },
    }),
    ...(method !== undefined && { http_request: { http_method: method, url: { path: path ?? "" } } }),
    ...(status !== undefined && { http_response: { code: status } }),
    ...(durationMs !== undefined && { duration: Math.round(durationMs) }),
  };
}

function describeEntity(event: AuditEvent): object {
  const { keyId, issuer, configuration, revocation, target, targetKind, actor, place } = event;
  const entity = event.event.startsWith("key.")
    ? { type: "signing_key", uid: keyId ?? "", name: issuer ?? "" }
    : event.event.startsWith("revocation.")
      ? { type: targetKind ?? "revocation", uid: target ?? revocation ?? "", name: revocation ?? "" }
      : { type: "configuration", uid: configuration ?? "", name: place ?? "" };
  return {
    entity,
    actor: { user: { uid: actor ?? "countersign" } },
    ...(event.detail && { comment: event.detail }),
  };
}

function readDisposition(reason: string | undefined): number {
  return reason !== undefined && Object.hasOwn(REASONS, reason)
    ? REASONS[reason as ReasonName].ocsfDisposition
    : 2;
}
