/** Events as OpenTelemetry log records, in the JSON form of the protocol (OTLP 1.x). */

import { AUDIT_FIELD_NAMES, type AuditEvent } from "../audit-event.ts";
import { describe } from "./to-ecs.ts";

/** `SeverityNumber`: INFO 9, INFO2 10, WARN 13, ERROR 17. */
const SEVERITIES = {
  6: { severityNumber: 9, severityText: "INFO" },
  5: { severityNumber: 10, severityText: "NOTICE" },
  4: { severityNumber: 13, severityText: "WARN" },
  3: { severityNumber: 17, severityText: "ERROR" },
} as const;
const NANOSECONDS = 1_000_000n;
const RESOURCE_FIELDS: ReadonlySet<string> = new Set(["v", "instance", "version", "time", "severity"]);

/** An `ExportLogsServiceRequest`. */
export function toOtlp(events: readonly AuditEvent[], observedMs: number): object {
  const { instance = "", version = "" } = events[0] ?? {};
  return {
    resourceLogs: [
      {
        resource: {
          attributes: [
            attribute("service.name", "countersign"),
            attribute("service.instance.id", instance),
            attribute("service.version", version),
          ],
        },
        scopeLogs: [
          {
            scope: { name: "countersign.audit", version: "1" },
            logRecords: events.map((event) => toRecord(event, observedMs)),
          },
        ],
      },
    ],
  };
}

function toRecord(event: AuditEvent, observedMs: number): object {
  const attributes = AUDIT_FIELD_NAMES.flatMap((name) => {
    const value = event[name];
    return value === undefined || RESOURCE_FIELDS.has(name) ? [] : [attribute(`countersign.${name}`, value)];
  });
  return {
    timeUnixNano: toNanoseconds(Date.parse(event.time)),
    observedTimeUnixNano: toNanoseconds(observedMs),
    ...SEVERITIES[event.severity],
    eventName: `countersign.${event.event}`,
    body: { stringValue: describe(event) },
    attributes,
  };
}

function attribute(key: string, value: string | number | boolean): object {
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  if (typeof value === "string") return { key, value: { stringValue: value } };
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

function toNanoseconds(milliseconds: number): string {
  return String(BigInt(Math.floor(milliseconds)) * NANOSECONDS);
}
