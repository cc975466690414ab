/** How a token is exchanged for one that is made for an upstream (RFC 8693), as the rest of the server sees it. */

import type { ClientCredentials, EndpointBounds } from "./client-credentials.ts";

/** What is asked for, and where it goes: an access token or a JWT into `Authorization`, a transaction token into `Txn-Token`. */
export type ExchangedTokenType = "access_token" | "jwt" | "txn_token";

export interface ExchangeConfiguration extends ClientCredentials, EndpointBounds {
  /** https; http only for loopback with `insecureLoopbackHttp`. Redirects are not followed. */
  readonly tokenEndpoint: string;
  /** Aliases of the issuers whose tokens may be shown there. Default the only issuer. */
  readonly issuers?: readonly string[];
  /** Whom the new token is for, by name. With `resources` at least one; of a transaction token exactly one. */
  readonly audiences: readonly string[];
  /** Whom the new token is for, by absolute URI without fragment (RFC 8707). */
  readonly resources: readonly string[];
  /** What it shall permit. Default the authorization server's choice; a transaction token needs some. */
  readonly scopes: readonly string[];
  /** Default "access_token". */
  readonly requestedTokenType: ExchangedTokenType;
  /** As what the client's token is shown. Default "access_token". */
  readonly subjectTokenType: "access_token" | "jwt";
  /** How long a new token is used for the same client's token, never past either's end. Default 300; 0..3600. */
  readonly cacheSeconds: number;
  /** How long a refusal is believed. Default 5; 0..5. */
  readonly negativeCacheSeconds: number;
  /** Tokens that are remembered. Default 10000; 1..1000000. */
  readonly maxCacheEntries: number;
  /** Longest new token. Default 8192; 256..16384. */
  readonly maxTokenBytes: number;
  readonly insecureLoopbackHttp: boolean;
}

/** An exchange under its name. */
export interface NamedExchange {
  readonly name: string;
  /** The `iss` of tokens that may be shown, by alias. */
  readonly issuers: readonly string[];
  readonly exchange: ExchangeConfiguration;
}
