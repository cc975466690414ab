import type { AuditFormat } from "../../config/audit-configuration.ts";
import type { AuditEvent } from "../audit-event.ts";
import { formatEvent } from "./format-event.ts";

/** Where a message comes from (RFC 5424 section 6.2). */
export interface SyslogSource {
  /** 0..23; 13 is "log audit". */
  readonly facility: number;
  readonly host: string;
  readonly processId: number;
}

const VERSION = 1;
const BYTE_ORDER_MARK = "\u{feff}";

/** A message of RFC 5424: header, no structured data, and the event as UTF-8. */
export function formatSyslog(event: AuditEvent, format: AuditFormat, source: SyslogSource): string {
  const { facility, host, processId } = source;
  const priority = facility * 8 + event.severity;
  const header = `<${priority}>${VERSION} ${event.time} ${host} countersign ${processId} ${event.event} -`;
  return `${header} ${BYTE_ORDER_MARK}${formatEvent(event, format)}`;
}

/** PRINTUSASCII, 1 to 255, as the host's name has to be. */
export function toSyslogHost(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, "").slice(0, 255) || "-";
}
