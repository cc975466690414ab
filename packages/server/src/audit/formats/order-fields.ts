import { AUDIT_FIELD_NAMES, type AuditEvent } from "../audit-event.ts";

/** The event with its fields in the order of the table: the same event is always the same text. */
export function orderFields(event: AuditEvent): Readonly<Record<string, unknown>> {
  const ordered: Record<string, unknown> = {};
  for (const name of AUDIT_FIELD_NAMES) {
    const value = event[name];
    if (value !== undefined) ordered[name] = value;
  }
  return ordered;
}
