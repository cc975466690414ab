/** How an issuer is asked about its tokens (RFC 7662), as the rest of the server sees it. */

import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

/** RFC 6749 section 2.3.1, RFC 7523 section 2.2, RFC 8705 section 2. */
export type ClientAuthentication =
  | "client_secret_basic"
  | "client_secret_post"
  | "private_key_jwt"
  | "tls_client_auth";

/** With what client assertions are signed, and signed answers may be. */
export type IntrospectionAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "Ed25519";

export interface IntrospectionConfiguration {
  /** https; http only for loopback with `insecureLoopbackHttp`. Redirects are not followed. */
  readonly endpoint: string;
  readonly clientId: string;
  /** Default by what is given: a secret (basic), a private key, a certificate. */
  readonly authentication?: ClientAuthentication;
  readonly clientSecret?: string;
  /** PEM (PKCS #8), for `private_key_jwt`. */
  readonly privateKey?: string;
  /** The `kid` of assertions. */
  readonly keyId?: string;
  /** Of assertions. Default by key: RS256, ES256 (by curve) or Ed25519. */
  readonly algorithm?: IntrospectionAlgorithm;
  /** The `aud` of assertions. Default the issuer. */
  readonly assertionAudience?: string;
  readonly tls?: UpstreamTlsConfiguration;
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
  /** From the question to the whole answer, time in the queue included. Default 2000; 100..10000. */
  readonly timeoutMs: number;
  /** Questions at the same time. Default 64; 1..1024. */
  readonly maxConcurrent: number;
  /** Questions that wait for their turn; more are refused as `overloaded`. Default 256; 0..65536. */
  readonly maxQueued: number;
  /** Answers must be signed (RFC 9701), by a key of this set. */
  readonly signedAnswers?: {
    readonly jwksUri: string;
    readonly algorithms: readonly IntrospectionAlgorithm[];
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
