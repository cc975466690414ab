/** How an issuer is asked about its tokens (RFC 7662), as the rest of the server sees it. */

import type { ClientAlgorithm, ClientCredentials, EndpointBounds } from "./client-credentials.ts";

export interface IntrospectionConfiguration extends ClientCredentials, EndpointBounds {
  /** https; http only for loopback with `insecureLoopbackHttp`. Redirects are not followed. */
  readonly endpoint: string;
  /** Tokens that are no JWT are asked about here. At most one issuer may. Default true. */
  readonly opaqueTokens: boolean;
  /** JWTs, after they were verified here: on routes that say `introspect`, or all of them. Default "routes". */
  readonly jwts: "routes" | "always";
  /** JWTs that were issued longer ago, or do not say when, on every route. Default none. */
  readonly jwtsOlderThanSeconds?: number;
  /** How long "active" is believed, never past `exp`. Default 60; 0..300. */
  readonly cacheSeconds: number;
  /** How long "inactive" is believed. Default 5; 0..5. */
  readonly negativeCacheSeconds: number;
  /** Answers that are remembered. Default 10000; 1..1000000. */
  readonly maxCacheEntries: number;
  /** Answers must be signed (RFC 9701), by a key of this set. */
  readonly signedAnswers?: {
    readonly jwksUri: string;
    readonly algorithms: readonly ClientAlgorithm[];
    /** One of these must be in `aud`. Default the client, and the issuer's audiences. */
    readonly audiences?: readonly string[];
  };
  readonly insecureLoopbackHttp: boolean;
}

/** An issuer that is asked, and what its answers have to match. */
export interface IntrospectedIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  readonly alias: string;
  /** Empty where they are "unchecked". */
  readonly audiences: readonly string[];
  readonly introspection: IntrospectionConfiguration;
}
