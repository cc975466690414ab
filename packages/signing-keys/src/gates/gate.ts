/** What must be seen in operation, beside the time that must have passed, before a key signs or leaves. */

import type { KeyLedger, KeyRecord } from "../lifecycle/key-ledger.ts";

export type GatedStepName = "promote" | "remove";

export interface GateQuestion {
  readonly step: GatedStepName;
  readonly ledger: KeyLedger;
  /** The key that would sign, or leave. */
  readonly key: KeyRecord;
  readonly nowMs: number;
}

export interface GateAnswer {
  /** The label `gate` of `countersign_rotation_blocked`: one of a fixed few. */
  readonly gate: string;
  /** `unavailable`: it could not be found out, which holds the step as well. */
  readonly status: "open" | "closed" | "unavailable";
  /** For people: what was looked at and found; which verifier, which URL. */
  readonly detail: string;
}

export interface Gate {
  readonly name: string;
  /** Bounded in time; never rejects. */
  check(question: GateQuestion): Promise<GateAnswer>;
}

export function isClosed({ status }: GateAnswer): boolean {
  return status !== "open";
}
