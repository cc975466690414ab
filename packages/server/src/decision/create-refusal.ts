import type { ReasonName, Rejected } from "countersign";
import { REASONS } from "countersign";

/** What a refusal adds to its reason's row. Texts come from configuration or are constant. */
export type RefusalDetails = Pick<Rejected, "expected" | "found" | "issuer" | "retryAfterSeconds">;

/** A refusal by the sidecar itself, in the form of the engine's. */
export function createRefusal(reason: ReasonName, details: RefusalDetails = {}): Rejected {
  const { fault, stage, message } = REASONS[reason];
  return Object.freeze({ ok: false, reason, fault, stage, message, ...details });
}
