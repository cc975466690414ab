/** Whom an event is about (RFC 9493, Shared Signals Framework 1.0 section 3), in what tokens can be revoked by. */

import type { RevocationKind } from "countersign";

import type { TransmitterConfiguration } from "../config/signals-configuration.ts";

export interface SubjectTarget {
  readonly kind: Extract<RevocationKind, "token" | "subject" | "session" | "client">;
  readonly value: string;
}

export interface SubjectRules
  extends Pick<TransmitterConfiguration, "opaque" | "email" | "criticalSubjectMembers"> {
  /** The `iss` of whose subjects alone something may be said. */
  readonly issuer: string;
}

/** "foreign": of another issuer. "unknown": nobody that tokens here could name. "critical": it must be understood, and is not. */
export type SubjectReading = readonly SubjectTarget[] | "foreign" | "unknown" | "critical";

type Subject = Readonly<Record<string, unknown>>;

/** Members of complex subjects that are understood, from the narrowest on: the first that is there decides. */
const MEMBERS = ["session", "user", "application"] as const;
const COMPLEX = "complex";
const MAX_ALIASES = 16;
const MAX_VALUE_CHARACTERS = 1024;

/**
 * What to revoke. Where a subject is narrower than tokens can tell, as one device of a user, it is the whole user: more
 * is refused than had to be, never less.
 */
export function readSubject(subject: unknown, rules: SubjectRules): SubjectReading {
  if (!isObject(subject)) return "unknown";
  const { format } = subject;
  if (format === "aliases") return readAliases(subject, rules);
  return format === COMPLEX || (format === undefined && MEMBERS.some((name) => isObject(subject[name])))
    ? readComplex(subject, rules)
    : readSimple(subject, rules, rules.opaque);
}

function readComplex(subject: Subject, rules: SubjectRules): SubjectReading {
  const members = Object.keys(subject).filter((name) => name !== "format");
  const isPassedOver = (name: string): boolean => !(MEMBERS as readonly string[]).includes(name);
  if (members.some((name) => isPassedOver(name) && rules.criticalSubjectMembers.includes(name))) {
    return "critical";
  }
  // One issuer's session of another's user is nothing that could be told here.
  const readings = MEMBERS.flatMap((name) => {
    const member = subject[name];
    return isObject(member) ? [readMember(name, member, rules)] : [];
  });
  if (readings.includes("foreign")) return "foreign";
  return readings.find((reading) => reading !== "unknown") ?? "unknown";
}

function readMember(name: (typeof MEMBERS)[number], member: Subject, rules: SubjectRules): SubjectReading {
  if (name === "session") return readSimple(member, rules, "session");
  if (name === "user")
    return readSimple(member, rules, rules.opaque === "session" ? "unknown" : rules.opaque);
  return readSimple(member, rules, "client");
}

/** Different names of one subject: each counts. */
function readAliases({ identifiers }: Subject, rules: SubjectRules): SubjectReading {
  if (!Array.isArray(identifiers) || identifiers.length > MAX_ALIASES) return "unknown";
  const readings = (identifiers as readonly unknown[]).map((identifier) => {
    return isObject(identifier) ? readSimple(identifier, rules, rules.opaque) : "unknown";
  });
  const targets = readings.flatMap((reading) => (typeof reading === "string" ? [] : reading));
  if (targets.length > 0) return targets;
  return readings.includes("foreign") ? "foreign" : "unknown";
}

function readSimple(
  subject: Subject,
  { issuer, email }: SubjectRules,
  opaque: SubjectTarget["kind"] | "unknown",
): SubjectReading {
  switch (subject["format"]) {
    case "iss_sub":
      return subject["iss"] === issuer ? createTarget("subject", subject["sub"]) : "foreign";
    case "jwt_id":
      return subject["iss"] === issuer ? createTarget("token", subject["jti"]) : "foreign";
    case "opaque":
      return opaque === "unknown" ? "unknown" : createTarget(opaque, subject["id"]);
    case "email":
      return email === "unknown" ? "unknown" : createTarget("subject", subject["email"]);
    default:
      return "unknown";
  }
}

function createTarget(kind: SubjectTarget["kind"], value: unknown): SubjectReading {
  if (typeof value !== "string" || value === "" || value.length > MAX_VALUE_CHARACTERS) return "unknown";
  return [{ kind, value }];
}

function isObject(value: unknown): value is Subject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
