/** An alert with all that follows from it: the rule, its route, and the runbook. */

import type { RunbookCommandName } from "./runbook-commands.ts";
import type { Times } from "./times.ts";

/** "critical" pages somebody, "warning" is a ticket, "none" is told to nobody and works on other alerts. */
export type Severity = "critical" | "warning" | "none";

/** A sentence, and where there is one the command that does it. */
export type RunbookStep = string | readonly [text: string, command: RunbookCommandName];

/** What whoever is called needs, in the order in which it is needed. */
export interface Runbook {
  /** What is so when it fires. */
  readonly meaning: string;
  /** What users feel. */
  readonly impact: string;
  readonly diagnosis: readonly RunbookStep[];
  readonly mitigation: readonly RunbookStep[];
  /** How to take the mitigation back, or why there is nothing to take back. */
  readonly rollback: RunbookStep;
}

export interface AlertRule {
  /** Begins with "Countersign". */
  readonly name: string;
  readonly severity: Severity;
  /** Besides severity. */
  readonly labels?: Readonly<Record<string, string>>;
  /** PromQL, one or several lines. */
  readonly expression: (times: Times) => string;
  /** How long it has to be so. Absent: at once. */
  readonly forSeconds?: number;
  /** Whether a planned rotation of the same issuer's keys keeps it quiet. */
  readonly isHushedByRotation?: true;
  /** One sentence, without values. */
  readonly summary: string;
  /** With `{{ $labels.… }}` and `{{ $value }}`. */
  readonly description: string;
  readonly runbook: Runbook;
}

/** A name of rates that several rules use. */
export interface RecordingRule {
  readonly name: string;
  readonly expression: (times: Times) => string;
}

/** One file of rules. */
export interface RuleGroup {
  readonly name: "revocation" | "requests" | "keys" | "rotation" | "dependencies" | "instances" | "slo";
  /** Heading for people. */
  readonly title: string;
  /** Comment at the head of the file. */
  readonly about: string;
  readonly recordings?: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
}
