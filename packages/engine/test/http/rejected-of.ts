import type { ReasonName } from "../../src/reasons.ts";
import { REASONS } from "../../src/reasons.ts";
import type { Rejected } from "../../src/validator/verdict.ts";

export const REASON_NAMES: readonly ReasonName[] = Object.keys(REASONS) as ReasonName[];

/** A refusal as the validator gives it, with texts that must stay inside. */
export function rejectedOf(reason: ReasonName, extra: Partial<Rejected> = {}): Rejected {
  const { fault, stage, message } = REASONS[reason];
  return {
    ok: false,
    reason,
    fault,
    stage,
    message,
    expected: "inside-expected",
    found: "inside-found",
    ...extra,
  };
}
