/** Everything that `countersign doctor` looks at: the checklists of the guide and the reference page follow from this table. */

/** What has to hold before a sidecar is tried with real traffic, and what else before it is depended upon. */
export type DoctorStage = "pre-production" | "production";

export interface DoctorCheckRow {
  /** From which stage on it fails where it is not met; before that it is a warning. */
  readonly since: DoctorStage;
  /** What is looked at. */
  readonly about: string;
}

/** The group, a point, and a name in it. */
export type DoctorCheckName =
  | "configuration.options"
  | "configuration.lifetimes"
  | "configuration.revocation"
  | "configuration.audit"
  | "secrets.written"
  | "secrets.permissions"
  | "secrets.shared"
  | "secrets.strength"
  | "machine.runtime"
  | "machine.clock"
  | "machine.descriptors"
  | "issuers.reachable"
  | "issuers.certificate"
  | "issuers.keys"
  | "issuers.algorithms"
  | "issuers.caching"
  | "dependencies.stores"
  | "dependencies.durability"
  | "dependencies.endpoints"
  | "dependencies.upstreams"
  | "running.ready"
  | "running.configuration"
  | "running.faults"
  | "running.caches"
  | "running.losses";

function check(about: string): DoctorCheckRow {
  return { since: "pre-production", about };
}

function later(about: string): DoctorCheckRow {
  return { since: "production", about };
}

/** In the order of reports. Names are never reused for something else. */
export const DOCTOR_CHECKS: Readonly<Record<DoctorCheckName, DoctorCheckRow>> = {
  "configuration.options": check(
    "Nothing is switched off, bypassed or exposed without a written reason; as `countersign check --strict`.",
  ),
  "configuration.lifetimes": check(
    "No issuer's tokens live longer than a day, and those that live longer than an hour can be revoked.",
  ),
  "configuration.revocation": later("Tokens can be revoked, in a store that outlives a start."),
  "configuration.audit": later("An audit trail is written, to a chained file."),
  "secrets.written": check(
    "Secrets come from the environment or from files of their own, not from the configuration's text.",
  ),
  "secrets.permissions": check(
    "Files with keys, secrets, tokens and databases can be read by their owner alone.",
  ),
  "secrets.shared": check(
    "No issuer's tokens are checked with a secret that could make them as well (HS256, HS384, HS512).",
  ),
  "secrets.strength": check("Such secrets look random: no text, no repetition."),
  "machine.runtime": check("A Node.js that is maintained."),
  "machine.clock": check(
    "This machine's clock agrees with those of the issuers, by the Date headers of their answers.",
  ),
  "machine.descriptors": check(
    "The limit of open files leaves room for the connections that the configuration admits.",
  ),
  "issuers.reachable": check("DNS, TCP, TLS and HTTP from here to the metadata and to the keys."),
  "issuers.certificate": check(
    "The certificates of these servers are trusted, and valid for two more weeks.",
  ),
  "issuers.keys": check(
    "Every published key keeps the engine's rules of strength and form, and the engine takes the set.",
  ),
  "issuers.algorithms": check("Some published key verifies an algorithm that is allowed."),
  "issuers.caching": check("No cache may hold a removed key for longer than a day."),
  "dependencies.stores": check(
    "The stores of revocations, first uses and status lists answer, and can be written.",
  ),
  "dependencies.durability": later("Redis is configured to keep what it acknowledged."),
  "dependencies.endpoints": check(
    "Endpoints of introspection, of token exchange and of polled signals accept connections, with a trusted certificate.",
  ),
  "dependencies.upstreams": check(
    "Upstreams of the built-in proxy accept connections, with a trusted certificate.",
  ),
  "running.ready": later("The sidecar answers at its admin listener and is ready."),
  "running.configuration": check("What is in force is this file."),
  "running.faults": check("Fewer than one of a thousand validations fails for a fault of the system."),
  "running.caches": check("Caches that are asked often know at least half of the answers."),
  "running.losses": check("No audit event was lost, and no request refused for want of capacity."),
};
