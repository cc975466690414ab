/** How an application's requests are guarded: what all frameworks have in common. */

import type { ChallengeOptions } from "../http/create-challenge.ts";
import type { ExpressionCompilation } from "../policy/compile-requirements.ts";
import type { PolicyOutcome } from "../policy/policy-outcome.ts";
import type { NamedRequirements, Requirement } from "../policy/requirement.ts";
import type { ReplayStore } from "../ports.ts";
import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import type { Validator } from "../validator/validator.ts";

export interface GuardOptions
  extends Pick<ChallengeOptions, "realm" | "resourceMetadata" | "dpopAlgorithms" | "dpopRequired"> {
  /** Made once, by `createValidator`; stays the caller's to close. */
  readonly validator: Pick<Validator, "judge">;
  /**
   * Scheme, host and port that clients know this service by, such as "https://api.example.com": what a DPoP proof's
   * `htu` is compared with. Not from the `Host` field, which strangers choose. Without it no DPoP proof passes (but in
   * `countersign/fetch` the URL of the request counts).
   */
  readonly origin?: string;
  /** Sets that requirements may name. Default none. */
  readonly requirements?: NamedRequirements;
  /** For `cel` in requirements, by a library of the caller's choice. Default none: then such a requirement is refused. */
  readonly compileExpression?: (expression: string) => ExpressionCompilation;
  /** Told of requirements in `shadow` that a request does not meet. What it throws is not caught. */
  readonly onShadow?: (told: ShadowTold) => void;
  /** Where first uses are recorded, in place of the validator's own. */
  readonly replay?: ReplayStore;
  /** Milliseconds since the epoch, for `maxAgeSeconds`. Default `Date.now`. */
  readonly clock?: () => number;
}

/** What one route asks, in the terms of the sidecar's routes. */
export interface GuardRule {
  /** What must hold of the token beyond its issuer's rules. Default nothing more. */
  readonly require?: Requirement;
  /** True lets requests without a token in, without a principal; a token that is there is judged. Default false. */
  readonly optional?: boolean;
  /** True accepts each token once. Default false. */
  readonly singleUse?: boolean;
  /** "required" refuses while newer revocations may exist than are known here. Default "unchecked". */
  readonly revocationFreshness?: "required" | "unchecked";
}

export interface ShadowTold {
  /** The named set, or "require". */
  readonly policy: string;
  readonly outcome: Exclude<PolicyOutcome, { readonly kind: "met" }>;
  readonly token: VerifiedToken;
  readonly principal: Principal;
}
