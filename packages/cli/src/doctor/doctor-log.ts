import type { ProbeOutcome } from "../issuer/probe-step.ts";
import type { DoctorCheckName, DoctorStage } from "./doctor-check.ts";
import { DOCTOR_CHECKS } from "./doctor-check.ts";

/** One line of the report. */
export interface DoctorFinding {
  readonly check: DoctorCheckName;
  readonly outcome: ProbeOutcome;
  /** Which issuer, file, store or place in the configuration; absent where there is only one. */
  readonly subject?: string;
  /** What was found; safe to print once escaped. */
  readonly detail: string;
  /** What to do, of everything that is not passed or skipped. */
  readonly remedy?: string;
}

/** What a check found, without how it is judged. */
export interface Observation {
  readonly subject?: string;
  readonly detail: string;
}

/** Something that is not as it should be. */
export interface Complaint extends Observation {
  readonly remedy: string;
  /** Where it could not be found out because something does not answer: exit 3. Default "wrong". */
  readonly fault?: "wrong" | "unreachable";
}

/** Collects findings in their order and hands each to whoever prints it as it comes. */
export class DoctorLog {
  readonly stage: DoctorStage;
  readonly #findings: DoctorFinding[] = [];
  readonly #onFinding: (finding: DoctorFinding) => void;
  #unreachable = false;

  constructor(stage: DoctorStage, onFinding: (finding: DoctorFinding) => void) {
    this.stage = stage;
    this.#onFinding = onFinding;
  }

  get findings(): readonly DoctorFinding[] {
    return this.#findings;
  }

  /** True where a check failed because something could not be reached. */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  count(outcome: ProbeOutcome): number {
    return this.#findings.filter((finding) => finding.outcome === outcome).length;
  }

  /** How often a check was told with one of these outcomes. */
  has(check: DoctorCheckName, ...outcomes: readonly ProbeOutcome[]): boolean {
    return this.#findings.some((finding) => finding.check === check && outcomes.includes(finding.outcome));
  }

  pass(check: DoctorCheckName, observation: Observation): void {
    this.#add({ check, outcome: "passed", ...observation });
  }

  skip(check: DoctorCheckName, observation: Observation): void {
    this.#add({ check, outcome: "skipped", ...observation });
  }

  warn(check: DoctorCheckName, { fault: _, ...complaint }: Complaint): void {
    this.#add({ check, outcome: "warning", ...complaint });
  }

  /** Not met: a failure from the check's stage on, a warning before it. */
  fail(check: DoctorCheckName, complaint: Complaint): void {
    if (DOCTOR_CHECKS[check].since === "production" && this.stage !== "production") {
      this.warn(check, complaint);
      return;
    }
    const { fault, ...rest } = complaint;
    if (fault === "unreachable") this.#unreachable = true;
    this.#add({ check, outcome: "failed", ...rest });
  }

  #add(finding: DoctorFinding): void {
    this.#findings.push(finding);
    this.#onFinding(finding);
  }
}
