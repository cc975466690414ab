import type { ReasonName } from "countersign";

import type { ShadowOutcome } from "./decision.ts";

/** One decision, as live lines and logs tell it. Nothing of it is a claim of an unverified token. */
export interface DecisionEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The front door: "proxy", or the dialect: "generic", "nginx", "traefik", "caddy", "envoy-http", "envoy-grpc". */
  readonly door: string;
  readonly method: string;
  /** Without query; at most 256 characters, other than printable ASCII as "?". */
  readonly path: string;
  /** The HTTP status that was answered; of the upstream where the proxy forwarded. */
  readonly status: number;
  /** "failed": the sidecar or the upstream could not do its part. */
  readonly outcome: "allowed" | "refused" | "failed";
  /** "ok" where a token was accepted, "anonymous" where none was asked for; an upstream's failure has its own names. */
  readonly reason: ReasonName | "ok" | "anonymous" | ForwardFailure;
  /** Alias of the issuer where it is known. */
  readonly issuer: string | undefined;
  /** Of a verified token only; at most 256 characters, control and format characters as "?". */
  readonly subject: string | undefined;
  /** What requirements in shadow would have done; absent where there are none. */
  readonly shadow?: readonly ShadowOutcome[];
  /** How long the decision took, in milliseconds with fractions; without the upstream's part. */
  readonly durationMs: number;
}

/** Why an allowed request did not get the upstream's answer. */
export type ForwardFailure =
  | "body_too_large"
  | "upstream_unreachable"
  | "upstream_timeout"
  | "upstream_bad_answer"
  | "client_aborted";

/** Called once a decision's status is known. What it throws is swallowed. */
export type DecisionListener = (event: DecisionEvent) => void;
