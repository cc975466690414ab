import type { GateAnswer, GatedStepName } from "../gates/gate.ts";
import type { KeyLedger, TransitionRecord } from "../lifecycle/key-ledger.ts";

export interface GatedStepResult {
  readonly ledger: KeyLedger;
  /** What this call changed, oldest first; empty where it had been done before. */
  readonly records: readonly TransitionRecord[];
  /** What the gates answered that let it pass. */
  readonly gates: readonly GateAnswer[];
}

export interface HeldStep {
  readonly step: GatedStepName;
  readonly keyId: string;
  /** All that were asked, the open ones too. */
  readonly gates: readonly GateAnswer[];
}

/** The time for a step has come, and something seen in operation says that it would do harm. Nothing was changed. */
export class GateHoldsError extends Error {
  override readonly name = "GateHoldsError";
  readonly held: HeldStep;

  constructor(held: HeldStep) {
    const closed = held.gates.filter(({ status }) => status !== "open");
    super(`${held.step} is held by ${closed.map(({ gate, detail }) => `${gate}: ${detail}`).join("; ")}`);
    this.held = held;
  }

  /** True where nothing speaks against the step but that something gave no answer. */
  get isUnavailable(): boolean {
    return this.held.gates.every(({ status }) => status !== "closed");
  }
}
