import { Refusal } from "../refusal.ts";

/** A proof that breaks a rule. Neither text holds anything that the proof says. */
export function refuseProof(expected: string, found?: string): Refusal {
  return new Refusal("dpop_proof_invalid", { expected, found });
}
