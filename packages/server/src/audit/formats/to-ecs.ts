/** The event in the Elastic Common Schema 9. */

import { AUDIT_FIELD_NAMES, AUDIT_FIELDS, type AuditEvent, type AuditEventName } from "../audit-event.ts";

const ECS_VERSION = "9.0.0";
const NANOSECONDS = 1e6;

interface Categories {
  readonly category: readonly string[];
  readonly type: readonly string[];
}

/** `authentication` knows start, end and info; a check of a bearer token is neither of the first two. */
function categorize(event: AuditEventName): Categories {
  const [area] = event.split(".", 1);
  switch (area) {
    case "token":
      return { category: ["authentication"], type: ["info"] };
    case "key":
    case "revocation":
      return { category: ["iam"], type: ["change"] };
    case "configuration":
      return { category: ["configuration"], type: ["change"] };
    default:
      return { category: ["process"], type: ["info"] };
  }
}

/** Fields with a place of their own go there, all others under `labels.countersign_…`. */
export function toEcs(event: AuditEvent): Readonly<Record<string, unknown>> {
  const labels: Record<string, string> = {};
  const placed: Record<string, unknown> = {};
  for (const name of AUDIT_FIELD_NAMES) {
    const value = event[name];
    if (value === undefined || name === "v") continue;
    const { ecs } = AUDIT_FIELDS[name];
    if (ecs === undefined) labels[`countersign_${toSnakeCase(name)}`] = String(value);
    else placed[ecs] = name === "durationMs" ? Math.round(Number(value) * NANOSECONDS) : value;
  }
  return {
    ...placed,
    message: describe(event),
    "ecs.version": ECS_VERSION,
    "event.kind": "event",
    "event.category": categorize(event.event).category,
    "event.type": categorize(event.event).type,
    "event.module": "countersign",
    "event.dataset": "countersign.audit",
    "event.code": event.reason ?? event.event,
    "service.name": "countersign",
    "observer.vendor": "Countersign",
    labels,
  };
}

/** The event in a few words. */
export function describe({ event, reason, issuer, count }: AuditEvent): string {
  return [event, reason, issuer && `issuer ${issuer}`, count !== undefined && `${count} times`]
    .filter((part) => part !== undefined && part !== false)
    .join(", ");
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
