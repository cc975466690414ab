/** How one step of `issuer check` ended. "warning" works today and needs attention. */
export type ProbeOutcome = "passed" | "warning" | "failed" | "skipped";

/** One line of the report. */
export interface ProbeStep {
  /** Which thing is probed: "issuer", "openid-configuration", "oauth-authorization-server", "jwks", "engine". */
  readonly target: string;
  /** What is probed: "url", "dns", "tcp", "tls", "http", "metadata", "issuer", "keys", "key", "clock", … */
  readonly name: string;
  readonly outcome: ProbeOutcome;
  /** What was found; safe to print once escaped. */
  readonly detail: string;
  /** What to do, where something is. */
  readonly remedy?: string;
  readonly durationMs?: number;
}

/** Whether a failure lies in the network (exit 3) or in what the issuer publishes (exit 1). */
export type ProbeFault = "unreachable" | "wrong";

/** Ends the probe of one target; its step has been recorded. */
export class ProbeStopped extends Error {
  override readonly name = "ProbeStopped";
}

/** What a probe found, without the thing that it probes. */
export type ProbeFinding = Omit<ProbeStep, "target">;

/** Collects steps in their order and hands each to whoever prints it as it comes. */
export class ProbeLog {
  readonly #steps: ProbeStep[] = [];
  readonly #onStep: (step: ProbeStep) => void;
  #unreachable = false;

  constructor(onStep: (step: ProbeStep) => void) {
    this.#onStep = onStep;
  }

  get steps(): readonly ProbeStep[] {
    return this.#steps;
  }

  /** True where a step failed because something could not be reached. */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  get failed(): boolean {
    return this.#steps.some(({ outcome }) => outcome === "failed");
  }

  add(target: string, finding: ProbeFinding): void {
    const step: ProbeStep = { target, ...finding };
    this.#steps.push(step);
    this.#onStep(step);
  }

  /** Records the failure and ends the probe of this target. */
  fail(target: string, finding: Omit<ProbeFinding, "outcome"> & { readonly fault: ProbeFault }): never {
    const { fault, ...rest } = finding;
    if (fault === "unreachable") this.#unreachable = true;
    this.add(target, { ...rest, outcome: "failed" });
    throw new ProbeStopped();
  }
}
