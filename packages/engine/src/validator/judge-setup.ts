/** What judging works on: what was compiled once, and what comes with each token. */

import type { Algorithm } from "../algorithms.ts";
import type { Presented } from "../binding/presentation.ts";
import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import type { Clock, ReplayStore, RevocationList, StatusLists } from "../ports.ts";
import type { EncryptedTokens, Unwrapped } from "./encrypted-tokens.ts";
import type { HeaderMemory } from "./header-memory.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import type { SignatureMemory } from "./signature-memory.ts";
import type { Accepted, Rejected } from "./verdict.ts";

export interface JudgeSetup {
  /** By the exact `iss`. */
  readonly issuers: ReadonlyMap<string, JudgedIssuer>;
  readonly maxTokenBytes: number;
  readonly clock: Clock;
  readonly headers: HeaderMemory;
  /** Undefined where no signature is remembered. */
  readonly signatures: SignatureMemory | undefined;
  /** Undefined where nothing can be revoked. */
  readonly revocations: RevocationList | undefined;
  /** Undefined where no issuer publishes lists. */
  readonly statusLists: StatusLists | undefined;
  readonly replay: ReplayStore;
  /** Undefined where no issuer encrypts. */
  readonly encrypted: EncryptedTokens | undefined;
}

/** What a token comes with, and what is asked of it beside its issuer's rules. */
export interface ValidationContext {
  /**
   * What the request shows beside the token: scheme, DPoP proof, client certificate. Without it every bound token is
   * refused. "unchecked" accepts bound tokens without proof: for those that judge again what they let pass with one.
   */
  readonly presentation?: Presented;
  /**
   * "required" refuses as `revocation_unavailable` while newer revocations may exist than are known here. Default
   * "unchecked": what is known counts, however old it is.
   */
  readonly revocationFreshness?: "required" | "unchecked";
  /**
   * Asked about an accepted token where a proof or the token itself is about to be used up, after everything else: a
   * refusal that is given here, by a policy or an introspection, uses nothing up. What it throws refuses as a defect;
   * without an answer within 30 s the token is refused as `policy_unavailable`.
   */
  readonly beforeUse?: (accepted: Accepted) => Rejected | undefined | Promise<Rejected | undefined>;
  /** Where first uses are recorded, in place of the validator's own. */
  readonly replay?: ReplayStore;
  /** Uses the token up: its `jti` is accepted once, by all who share the replay store. Default false. */
  readonly singleUse?: boolean;
}

/** One question to the judge. */
export interface JudgeCall {
  readonly context: ValidationContext | undefined;
  /** Whether a promise will do, so that costly work may leave this thread. */
  readonly mayWait: boolean;
  readonly notes: Notes | undefined;
  /** Where the token came encrypted: what it came in, which is what proofs name. */
  readonly wrapping?: { readonly text: string; readonly unwrapped: Unwrapped } | undefined;
}

/** What is learned on the way, for whoever watches; absent where nobody does. */
export interface Notes {
  issuer?: TrustedIssuer;
  algorithm?: Algorithm;
  /** Whether the signature had been verified before, and was remembered. */
  wasRemembered?: boolean;
  /** `performance.now()` before and after the signature step. */
  signatureStarted?: number;
  signatureEnded?: number;
  /** The `exp` of a token that was refused for it, in seconds since the epoch. */
  expiredAt?: number;
}
