import { dirname, resolve } from "node:path";
import type { Configuration } from "@countersign/server";
import { checkConfiguration, nameIssuer } from "@countersign/server";
import { isMistake } from "../output/configuration-report.ts";
import { formatSpan } from "../output/time-text.ts";
import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";

const DEFAULT_LIFETIME_SECONDS = 86_400;
/** Longer than this, a leaked token is worth stealing, and somebody will want to take one back. */
const LONG_LIFETIME_SECONDS = 3600;

/** What the file says, without anything around it. */
export function examineConfiguration(patient: DoctorPatient, log: DoctorLog): void {
  examineOptions(patient, log);
  for (const [index, issuer] of patient.configuration.issuers.entries()) {
    examineLifetime({ issuer, index, revocable: patient.configuration.revocation !== undefined }, log);
  }
  examineRevocation(patient.configuration, log);
  examineAudit(patient.configuration, log);
}

function examineOptions({ file, text }: DoctorPatient, log: DoctorLog): void {
  const check = "configuration.options";
  const { findings, accepted } = checkConfiguration(text, {
    env: process.env,
    baseDir: dirname(resolve(file)),
  });
  for (const finding of findings) {
    const complaint = { subject: finding.path, detail: finding.reason, remedy: finding.remedy };
    if (isMistake(finding)) log.fail(check, complaint);
    else log.warn(check, complaint);
  }
  for (const { path, reason, because } of accepted) {
    log.pass(check, { subject: path, detail: `${reason}; accepted, because: ${because}` });
  }
  if (findings.length + accepted.length === 0) {
    log.pass(check, { detail: "nothing is switched off, bypassed or exposed" });
  }
}

interface ExaminedIssuer {
  readonly issuer: Configuration["issuers"][number];
  readonly index: number;
  readonly revocable: boolean;
}

function examineLifetime({ issuer, index, revocable }: ExaminedIssuer, log: DoctorLog): void {
  const check = "configuration.lifetimes";
  const subject = nameIssuer(issuer);
  const { maxLifetimeSeconds: longest = DEFAULT_LIFETIME_SECONDS } = issuer;
  const place = `issuers[${index}].maxLifetimeSeconds`;
  if (longest === "unchecked") {
    log.warn(check, {
      subject,
      detail: "tokens may live as long as their issuer likes",
      remedy: `Write the longest lifetime that the issuer gives out into ${place}.`,
    });
  } else if (longest > DEFAULT_LIFETIME_SECONDS) {
    log.warn(check, {
      subject,
      detail: `tokens may live for ${formatSpan(longest)}`,
      remedy: `Have the issuer give out shorter ones and lower ${place}; a leaked token is good until its end.`,
    });
  } else if (longest > LONG_LIFETIME_SECONDS && !revocable) {
    log.warn(check, {
      subject,
      detail: `tokens may live for ${formatSpan(longest)}, and none can be taken back`,
      remedy: `Lower ${place} to what the issuer gives out, or configure \`revocation\`.`,
    });
  } else {
    log.pass(check, { subject, detail: `tokens live for ${formatSpan(longest)} at most` });
  }
}

function examineRevocation({ revocation }: Configuration, log: DoctorLog): void {
  const check = "configuration.revocation";
  if (revocation === undefined) {
    log.fail(check, {
      detail: "nothing can be revoked",
      remedy: "Configure `revocation` with a store: sqlite on one machine, redis for several.",
    });
  } else if (revocation.store === "memory") {
    log.fail(check, {
      detail: "what is revoked is forgotten at the next start",
      remedy: "Write sqlite for one machine, redis for several.",
    });
  } else {
    const kind = "sqlite" in revocation.store ? "SQLite" : "Redis";
    log.pass(check, { detail: `revocations are kept in ${kind}` });
  }
}

function examineAudit({ audit }: Configuration, log: DoctorLog): void {
  const check = "configuration.audit";
  if (audit === undefined) {
    log.fail(check, {
      detail: "nobody will know afterwards who was refused, and what was changed",
      remedy: "Configure `audit` with a `file`.",
    });
    return;
  }
  const outputs = (["file", "stdout", "syslog", "otlp", "webhook"] as const).filter(
    (name) => audit[name] !== undefined,
  );
  if (audit.file === undefined) {
    log.warn(check, {
      detail: `events go to ${outputs.join(", ")}, where nobody can tell whether they were changed`,
      remedy: "Add `audit.file`: its lines are chained and signed.",
    });
  } else {
    log.pass(check, { detail: `events go to ${outputs.join(", ")}` });
  }
}
