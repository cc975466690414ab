/** Whoever verifies tokens of ours, as the controller of a rotation sees it. */

export interface VerifierKey {
  readonly keyId: string | null;
  /** "current" and "held" are accepted; "revoked" and "suspended" never; "gone" is in no key set any more. */
  readonly state: "current" | "held" | "revoked" | "suspended" | "gone";
  /** When it last verified an accepted token, by the verifier's clock; null where it never did. */
  readonly lastUsedAtMs: number | null;
}

/** What one verifier says of its keys. */
export interface VerifierKeys {
  /** The name that it gives itself. */
  readonly instance: string;
  /** Milliseconds since the epoch by which its clock is ahead of ours, and by how much that may be wrong. */
  readonly clockAheadMs: number;
  readonly clockUncertaintyMs: number;
  /** Processes that judge; those that answered; those that judge with the keys that are told. */
  readonly judging: number;
  readonly answered: number;
  readonly upToDate: number;
  /** Seconds by which the clock of the JWKS is ahead of the verifier's, to the second; null where that is not known. */
  readonly sourceSkewSeconds: number | null;
  readonly keys: readonly VerifierKey[];
}

/** What each of the verifier's processes says of a canary. */
export interface CanaryAnswer {
  readonly judging: number;
  readonly reasons: readonly string[];
}

/** Validations of an issuer's tokens since the verifier started. */
export interface ValidationCounts {
  readonly accepted: number;
  /** Refused for what a rotation can do wrong: the key was unknown or unsuitable, could not be had, or did not fit. */
  readonly keyFailures: number;
}

/** Each call is bounded in time and answer. @throws VerifierUnavailableError */
export interface Verifier {
  readonly name: string;
  readKeys(issuer: string): Promise<VerifierKeys>;
  judgeCanary(token: string): Promise<CanaryAnswer>;
  countValidations(issuer: string): Promise<ValidationCounts>;
}

/** It could not be asked, or what it answered is no answer. The message holds nothing that it sent. */
export class VerifierUnavailableError extends Error {
  override readonly name = "VerifierUnavailableError";
}
