import type { Principal } from "../principal/principal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";

/** What a requirement is judged by. Of the request only what the route was chosen by: neither query nor headers decide. */
export interface PolicyInput {
  readonly token: VerifiedToken;
  readonly principal: Principal;
  readonly request: PolicyRequest;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface PolicyRequest {
  readonly method: string;
  readonly scheme: string;
  /** Lower case, without port. */
  readonly host: string;
  /** Percent-decoded, without query. */
  readonly path: string;
}
