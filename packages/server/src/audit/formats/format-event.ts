import type { AuditFormat } from "../../config/audit-configuration.ts";
import type { AuditEvent } from "../audit-event.ts";
import { formatCef } from "./format-cef.ts";
import { orderFields } from "./order-fields.ts";
import { toEcs } from "./to-ecs.ts";
import { toOcsf } from "./to-ocsf.ts";

/** One line of text, without a line feed. */
export function formatEvent(event: AuditEvent, format: AuditFormat): string {
  switch (format) {
    case "cef":
      return formatCef(event);
    case "ocsf":
      return JSON.stringify(toOcsf(event));
    case "ecs":
      return JSON.stringify(toEcs(event));
    default:
      return JSON.stringify(orderFields(event));
  }
}
