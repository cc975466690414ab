/** What is wrong with `audit`, and what it exposes. */

import type { ConfigurationProblem } from "countersign";

import type { AuditConfiguration } from "./audit-configuration.ts";
import type { ConfigurationFinding } from "./finding.ts";
import { parseSyslogAddress } from "./syslog-address.ts";

const OUTPUTS = ["file", "stdout", "syslog", "otlp", "webhook"] as const;

/** A trail that goes nowhere, or files that are one. */
export function findAuditProblems(audit: AuditConfiguration | undefined): readonly ConfigurationProblem[] {
  if (audit === undefined) return [];
  const problems: ConfigurationProblem[] = [];
  if (OUTPUTS.every((name) => audit[name] === undefined)) {
    const remedy = `Write one of ${OUTPUTS.join(", ")}, or remove \`audit\`.`;
    problems.push({ path: "audit", problem: "a trail without an output", remedy });
  }
  const files = new Map([[audit.pseudonymKeyFile, "audit.pseudonymKeyFile"]]);
  for (const name of ["signingKeyFile", "path"] as const) {
    const path = audit.file?.[name];
    if (path === undefined) continue;
    const other = files.get(path);
    const place = `audit.file.${name}`;
    if (other !== undefined) {
      problems.push({ path: place, problem: `the file of ${other}`, remedy: "Give each a file of its own." });
    }
    files.set(path, place);
  }
  if (audit.syslog?.ca !== undefined && !audit.syslog.to.startsWith("tls:")) {
    const remedy = "Write tls://, or remove it.";
    problems.push({ path: "audit.syslog.ca", problem: "a certificate authority without TLS", remedy });
  }
  return problems;
}

/** What others can read or change on its way. */
export function findAuditExposures(audit: AuditConfiguration | undefined): readonly ConfigurationFinding[] {
  const address = audit?.syslog && parseSyslogAddress(audit.syslog.to);
  if (address === undefined || address.kind === "unix" || address.kind === "tls") return [];
  if (/^(?:localhost|127\.[0-9.]+|::1)$/.test(address.host)) return [];
  return [
    {
      path: "audit.syslog.to",
      kind: "exposure",
      reason:
        "audit events travel to another machine in the clear, where they can be read, changed and forged",
      remedy: "Write tls://, or send to a collector on this machine.",
    },
  ];
}
