/** What the core found out about a request, before it becomes a decision. */

import type { Accepted, Rejected } from "countersign";
import type { TokenScheme } from "countersign/http";
import type { PolicyRequest, StepUp } from "countersign/policy";
import type { RouteConfiguration } from "../config/configuration.ts";
import type { RoutePolicy } from "../config/route-policies.ts";
import type { RequestDescription, ShadowOutcome } from "./decision.ts";
import type { HeaderReading } from "./header-reading.ts";

/** A request, its route, and what that asks. */
export interface RoutedRequest {
  readonly request: RequestDescription;
  readonly reading: HeaderReading;
  /** What the route was chosen by. */
  readonly query: PolicyRequest;
  readonly route: RouteConfiguration;
  readonly policy: RoutePolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Judged {
  readonly outcome: Outcome;
  /** Undefined where no token was judged. */
  readonly validationMs: number | undefined;
  readonly shadow?: readonly ShadowOutcome[];
}

export type Outcome =
  | { readonly kind: "allowed"; readonly route: RouteConfiguration; readonly verdict: Accepted | undefined }
  | RefusedOutcome;

export interface RefusedOutcome {
  readonly kind: "refused";
  readonly rejected: Rejected;
  /** Of the route where it was found. */
  readonly scopes: readonly string[];
  readonly stepUp?: StepUp;
  /** The scheme under which the token came. Default Bearer. */
  readonly scheme?: TokenScheme;
}

/** A refusal before or without a token. */
export function refuse(rejected: Rejected, scopes: readonly string[] = []): Judged {
  return { outcome: { kind: "refused", rejected, scopes }, validationMs: undefined };
}
