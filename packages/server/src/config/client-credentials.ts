/** Who we are to an authorization server, as the rest of the server sees it. */

import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

/** RFC 6749 section 2.3.1, RFC 7523 section 2.2, RFC 8705 section 2. */
export type ClientAuthentication =
  | "client_secret_basic"
  | "client_secret_post"
  | "private_key_jwt"
  | "tls_client_auth";

/** With what client assertions are signed, and signed answers may be. */
export type ClientAlgorithm =
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

/** Exactly one way to say who we are. */
export interface ClientCredentials {
  readonly clientId: string;
  /** Default by what is given: a secret (basic), a private key, a certificate. */
  readonly authentication?: ClientAuthentication;
  readonly clientSecret?: string;
  /** PEM (PKCS #8), for `private_key_jwt`. */
  readonly privateKey?: string;
  /** The `kid` of assertions. */
  readonly keyId?: string;
  /** Of assertions. Default by key: RS256, ES256 (by curve) or Ed25519. */
  readonly algorithm?: ClientAlgorithm;
  /** The `aud` of assertions. Default the authorization server. */
  readonly assertionAudience?: string;
  readonly tls?: UpstreamTlsConfiguration;
}

/** What one endpoint may take of our time, and we of its. */
export interface EndpointBounds {
  /** From the question to the whole answer, time in the queue included. Default 2000; 100..10000. */
  readonly timeoutMs: number;
  /** Questions at the same time. Default 64; 1..1024. */
  readonly maxConcurrent: number;
  /** Questions that wait for their turn; more are refused as `overloaded`. Default 256; 0..65536. */
  readonly maxQueued: number;
}
