/** What judging a requirement gives, and how outcomes combine. */

export type PolicyOutcome = PolicyMet | PolicyUnmet | PolicyUndecided;

export interface PolicyMet {
  readonly kind: "met";
}

/** The principal may not, as it is. */
export interface PolicyUnmet {
  readonly kind: "unmet";
  readonly reason: UnmetReason;
  /** From configuration only. */
  readonly expected: string;
  /** For the challenge of `step_up_required`. */
  readonly stepUp?: StepUp;
}

/** It could not be judged, which lets nobody in. */
export interface PolicyUndecided {
  readonly kind: "undecided";
  readonly reason: "policy_unavailable";
  readonly expected: string;
}

/** What the user's authentication must be (RFC 9470 section 3). */
export interface StepUp {
  readonly acrValues?: readonly string[];
  readonly maxAgeSeconds?: number;
}

export type UnmetReason =
  | "step_up_required"
  | "scope_insufficient"
  | "audience_mismatch"
  | "binding_missing"
  | "policy_denied";

/** How little a caller can do about it. */
const HOPELESSNESS: Readonly<Record<UnmetReason, number>> = {
  step_up_required: 0,
  scope_insufficient: 1,
  audience_mismatch: 2,
  binding_missing: 3,
  policy_denied: 4,
};

export const MET: PolicyMet = Object.freeze({ kind: "met" });

/**
 * All must be met. What is certainly unmet counts before what could not be judged, and the most hopeless
 * reason is told: it would be in vain to ask a user to log in again who lacks a role.
 */
export function combineAll(outcomes: readonly PolicyOutcome[]): PolicyOutcome {
  const unmet = outcomes.filter((outcome) => outcome.kind === "unmet");
  const [first] = unmet.toSorted((a, b) => HOPELESSNESS[b.reason] - HOPELESSNESS[a.reason]);
  if (first === undefined) return outcomes.find(({ kind }) => kind === "undecided") ?? MET;
  return first.reason === "step_up_required" ? { ...first, stepUp: mergeStepUps(unmet) } : first;
}

/** One must be met. Where none is, what could not be judged might have been; else the most hopeful reason is told. */
export function combineAny(outcomes: readonly PolicyOutcome[]): PolicyOutcome {
  const unmet: PolicyUnmet[] = [];
  let undecided: PolicyUndecided | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === "met") return outcome;
    if (outcome.kind === "unmet") unmet.push(outcome);
    else undecided ??= outcome;
  }
  const [first] = unmet.toSorted((a, b) => HOPELESSNESS[a.reason] - HOPELESSNESS[b.reason]);
  return undecided ?? first ?? { kind: "unmet", reason: "policy_denied", expected: "one of no alternatives" };
}

/** The first list of contexts, since a challenge holds alternatives only, and the shortest age. */
function mergeStepUps(unmet: readonly PolicyUnmet[]): StepUp {
  const acrValues = unmet.find(({ stepUp }) => stepUp?.acrValues !== undefined)?.stepUp?.acrValues;
  const ages = unmet.flatMap(({ stepUp }) => stepUp?.maxAgeSeconds ?? []);
  return {
    ...(acrValues !== undefined && { acrValues }),
    ...(ages.length > 0 && { maxAgeSeconds: Math.min(...ages) }),
  };
}
