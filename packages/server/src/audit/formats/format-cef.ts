/** The event in the Common Event Format, version 0: one line of text with names that SIEMs of that kind know. */

import { AUDIT_FIELD_NAMES, type AuditEvent } from "../audit-event.ts";
import { describe } from "./to-ecs.ts";

/** Of syslog's numbers: 0 to 10, the larger the worse. */
const SEVERITIES = { 6: 1, 5: 3, 4: 6, 3: 8 } as const;

/** Fields with a name of their own; the others are called `countersign` and their name. */
const NAMES: Readonly<Record<string, string>> = {
  reason: "reason",
  method: "requestMethod",
  path: "request",
  subject: "duid",
  count: "cnt",
  outcome: "outcome",
  instance: "dvchost",
  detail: "msg",
  since: "start",
};

const HEADER_FIELDS: ReadonlySet<string> = new Set(["v", "event", "severity", "version", "time"]);

export function formatCef(event: AuditEvent): string {
  const header = ["CEF:0", "Countersign", "Countersign", event.version, event.event, describe(event)]
    .map((part, index) => (index === 0 ? part : escapeHeader(part)))
    .join("|");
  const extension = [`rt=${Date.parse(event.time)}`];
  for (const name of AUDIT_FIELD_NAMES) {
    const value = event[name];
    if (value === undefined || HEADER_FIELDS.has(name)) continue;
    const key = NAMES[name] ?? `countersign${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    extension.push(
      `${key}=${escapeValue(name === "since" ? String(Date.parse(String(value))) : String(value))}`,
    );
  }
  return `${header}|${SEVERITIES[event.severity]}|${extension.join(" ")}`;
}

function escapeHeader(text: string): string {
  return text.replace(/[\\|]/g, "\\$&").replace(/[\r\n]/g, " ");
}

function escapeValue(text: string): string {
  return text.replace(/[\\=]/g, "\\$&").replace(/\r/g, "\\r").replace(/\n/g, "\\n");
}
