import type { Accepted, Rejected } from "countersign";
import type { TokenScheme } from "countersign/http";

import type { RouteConfiguration } from "../config/configuration.ts";
import type { ShadowSample } from "../telemetry/metrics.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { HeaderReading } from "./header-reading.ts";

/** A request as the decision core sees it, whichever front door it came through. */
export interface RequestDescription {
  /** Upper or lower case as sent; methods are case-sensitive (RFC 9110 section 9.1). */
  readonly method: string;
  readonly scheme: "http" | "https";
  /** As sent, with or without port. */
  readonly host: string;
  /** Origin form as sent: path and query, nothing decoded. */
  readonly target: string;
  /** As sent and in order; repetitions kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The same headers where they have been read already. */
  readonly reading?: HeaderReading;
  /** The client's certificate, as a trusted proxy checked it. */
  readonly clientCertificate?: ClientCertificate;
  /** True for what passed before and is judged again while it lasts: a DPoP proof is for one time. */
  readonly isOngoing?: boolean;
}

/** A header toward the upstream. An empty value says that the principal has none. */
export type IdentityHeader = readonly [name: string, value: string];

/** What the core decided; a front door only translates it. */
export type Decision = AllowedDecision | RefusedDecision;

export interface AllowedDecision {
  readonly allow: true;
  readonly route: RouteConfiguration;
  /** Absent where the route is anonymous, or optional and no token came, and for preflights. */
  readonly verdict?: Accepted;
  /** Every header that the sidecar can set, each exactly once, so that gateways overwrite what a client sent. */
  readonly identity: readonly IdentityHeader[];
  /** Names of the request's headers that must not reach the upstream. */
  readonly remove: readonly string[];
  /** What was judged without being enforced. */
  readonly shadow?: readonly ShadowOutcome[];
  readonly timing: DecisionTiming;
}

export interface RefusedDecision {
  readonly allow: false;
  readonly rejected: Rejected;
  /** The scopes of the route where it was found, for the challenge. */
  readonly scopes: readonly string[];
  /** What else the challenge says; all of it comes from configuration. */
  readonly challenge?: RefusalChallenge;
  /** As with an allowed one: nothing that was refused is forwarded, but the names are the same. */
  readonly remove: readonly string[];
  /** What was judged without being enforced. */
  readonly shadow?: readonly ShadowOutcome[];
  readonly timing: DecisionTiming;
}

export interface RefusalChallenge {
  /** Of `step_up_required` (RFC 9470 section 3). */
  readonly acrValues?: readonly string[];
  readonly maxAgeSeconds?: number;
  /** URL of the protected resource metadata (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string;
  /** The scheme that the request used; the error is told there. Default Bearer. */
  readonly scheme?: TokenScheme;
  /** Algorithms of DPoP proofs; given, DPoP is offered beside Bearer (RFC 9449 section 7.1). */
  readonly dpopAlgorithms?: readonly string[];
  /** Offers DPoP only. */
  readonly dpopRequired?: boolean;
}

/** What a requirement in shadow would have done: "failed" where it could not be judged. */
export type ShadowOutcome = ShadowSample;

export interface DecisionTiming {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Whole decision, in milliseconds with fractions. */
  readonly durationMs: number;
  /** The token's part of it; undefined where no token was judged. */
  readonly validationMs: number | undefined;
}
