import type { AuditFormat } from "../../config/audit-configuration.ts";
import type { AuditEvent } from "../audit-event.ts";
import { formatCef } from "./format-cef.ts";
import { orderFields } from "./order-fields.ts";
import { toEcs } from "./to-ecs.ts";
import { toOcsf } from "./to-ocsf.ts";

/** One line of text, without a line feed. */
export function formatEvent(event: AuditEvent, format: AuditFormat): string {
  if (format === "cef") return formatCef(event);
  return JSON.stringify(toObject(event, format));
}

/** The event as an object of a schema that has objects. */
export function toObject(event: AuditEvent, format: Exclude<AuditFormat, "cef">): object {
  if (format === "ocsf") return toOcsf(event);
  return format === "ecs" ? toEcs(event) : orderFields(event);
}
