/** What the casebook is made of: published ways around validating gateways, as data. */

/** Tokens that probes name. Only `valid` has to be given; of it the ones without a signature are made. */
export type TokenKind =
  | "valid"
  | "expired"
  | "expiryZero"
  | "missingExpiry"
  | "otherAudience"
  | "missingAudience"
  | "otherIssuer"
  | "issuerOfOtherKeys"
  | "tampered"
  | "unsigned"
  | "unsignedOddCase"
  | "emptySignature"
  | "hmacWithPublicKey"
  | "hmacWithKeyId"
  | "hmacWithKnownSecret"
  | "hmacWithEmptySecret"
  | "unsupportedAlgorithm"
  | "criticalHeader"
  | "unencodedPayload"
  | "embeddedKey"
  | "keyUrl"
  | "unknownKey"
  | "duplicateClaim"
  | "duplicateHeader"
  | "caseVariantClaims"
  | "lineBreakSubject";

/** What must not happen to a probe. `hazards.ts` says how each is seen. */
export type Hazard =
  /** The application was reached where only a request with a valid token may come. */
  | "guarded_reached"
  /** The application was reached at all, or a 2xx was answered. */
  | "let_in"
  /** An identity that the client wrote came through. */
  | "identity_forged"
  /** The application was reached with a valid token and without the identity of it. */
  | "identity_lost"
  /** More than one value of an identity header came through. */
  | "identity_repeated"
  /** The application got a path that means another than the one that was sent. */
  | "meaning_changed"
  /** The answer holds a value of a token's claims. */
  | "claim_told"
  /** No answer within the time, or a connection that was cut without one. */
  | "no_answer";

/**
 * One request, written as it is sent. `{guarded}`, `{open}` and the like stand for what a `Scene` fills in;
 * a probe whose values are not there cannot be tested.
 */
export interface Probe {
  /** What is tried, in a few words. */
  readonly tries: string;
  /** Default GET. */
  readonly method?: string;
  /** Sent byte for byte. Default `{guarded}`. */
  readonly target?: string;
  /** Default `{host}`. */
  readonly host?: string;
  /** Names and values in order, after `Host`. Characters are octets (latin1). */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly never: readonly [Hazard, ...Hazard[]];
}

/** Where, other than over HTTP at a gateway, an entry is shown. */
export type ProofLevel =
  /** The sidecar's endpoints for gateways. */
  | "decision"
  /** Configurations that are refused or warned about, and the ones handed out. */
  | "configuration"
  /** The engine. */
  | "library";

/** Shown by a test of the project, beside the probes. */
export interface Proof {
  readonly level: ProofLevel;
  /** What the test says; with the entry's number before it, the test's name. */
  readonly says: string;
}

export interface CasebookEntry {
  /** 1 to 52. */
  readonly number: number;
  /** Advisories, or what was measured on which program. */
  readonly sources: readonly [string, ...string[]];
  /** One sentence. */
  readonly lesson: string;
  readonly probes: readonly Probe[];
  readonly proofs: readonly Proof[];
  /** Why nothing of it can be shown in this version; then there are no probes and no proofs. */
  readonly notApplicable?: string;
}
