/** The clients of a development identity provider: what can be told of them, and what is checked. */

import { randomBytes } from "node:crypto";
import type { ConfigurationProblem } from "countersign";

/** How a client proves who it is. The two of TLS need the provider's `mtls` (RFC 8705 section 2). */
export type DevClientAuthentication =
  | "client_secret_basic"
  | "client_secret_post"
  | "self_signed_tls_client_auth"
  | "tls_client_auth";

/** A client that may ask for tokens. */
export interface DevClientOptions {
  readonly clientId: string;
  /** Makes it a confidential client that may use client credentials; at least 16 characters. */
  readonly clientSecret?: string;
  /** Makes it able to use authorization code with PKCE. Loopback http, on any port, or https. */
  readonly redirectUris?: readonly string[];
  /** Default "client_secret_basic" with a secret, `private_key_jwt` with `jwks`, else none (a public client). */
  readonly authentication?: DevClientAuthentication;
  /** Public keys: for `private_key_jwt` (RFC 7523), or certificates as `x5c` for "self_signed_tls_client_auth". */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** The DNS name in its certificate, for "tls_client_auth". */
  readonly certificateDnsName?: string;
  /** Its tokens are bound to its TLS certificate; without one it gets none (RFC 8705 section 3). Default false. */
  readonly certificateBound?: boolean;
  /** Without a DPoP proof it gets no token (RFC 9449 section 5.2). Default false: a proof binds where there is one. */
  readonly dpopBound?: boolean;
  /** `may_act` of the tokens that are given to it (RFC 8693 section 4.4): nobody else may act for their subjects. */
  readonly mayAct?: { readonly sub: string };
  /** Answers to its introspections are signed so where it asks for that (RFC 9701). Default they are not. */
  readonly introspectionSigningAlgorithm?: "ES256" | "RS256";
  /**
   * Is told when somebody who signed in through this client logs out (OpenID Connect Back-Channel Logout 1.0). Then
   * access tokens and ID tokens bear `sid`, and there is `/session/end`. Default it is not.
   */
  readonly backchannelLogoutUri?: string;
}

/** In characters. */
const MIN_SECRET_LENGTH = 16;

export function createDefaultClients(): readonly DevClientOptions[] {
  return [
    { clientId: "orders-service", clientSecret: randomBytes(24).toString("base64url") },
    { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
  ];
}

/** True where the client proves who it is by its TLS certificate. */
export function isTlsAuthentication(authentication: DevClientAuthentication | undefined): boolean {
  return authentication === "self_signed_tls_client_auth" || authentication === "tls_client_auth";
}

/** What is wrong with one client; `path` is where it stands in the options. */
export function checkClient(
  path: string,
  { client, hasTls }: { readonly client: DevClientOptions; readonly hasTls: boolean },
): ConfigurationProblem[] {
  return [...checkCredential(path, client), ...checkTls(path, { client, hasTls })];
}

function checkCredential(path: string, client: DevClientOptions): ConfigurationProblem[] {
  const { clientSecret, redirectUris = [], jwks, authentication } = client;
  const isKnown = jwks !== undefined || isTlsAuthentication(authentication);
  if (clientSecret === undefined && redirectUris.length === 0 && !isKnown) {
    const problem = "expected clientSecret, jwks or redirectUris, found none";
    return [{ path, problem, remedy: "Give a service a secret or keys, and an app its redirect addresses" }];
  }
  if (clientSecret === undefined || clientSecret.length >= MIN_SECRET_LENGTH) return [];
  const problem = `expected at least ${MIN_SECRET_LENGTH} characters, found ${clientSecret.length}`;
  return [{ path: `${path}.clientSecret`, problem, remedy: "Choose a longer secret" }];
}

function checkTls(
  path: string,
  { client, hasTls }: { readonly client: DevClientOptions; readonly hasTls: boolean },
): ConfigurationProblem[] {
  const { authentication, certificateBound = false, certificateDnsName, jwks } = client;
  const problems: ConfigurationProblem[] = [];
  if ((isTlsAuthentication(authentication) || certificateBound) && !hasTls) {
    const problem = "expected the provider to listen with TLS, found no mtls";
    problems.push({
      path,
      problem,
      remedy: "Give the provider `mtls`, or let the client authenticate otherwise",
    });
  }
  if (authentication === "tls_client_auth" && certificateDnsName === undefined) {
    const problem = "expected the DNS name of its certificate, found none";
    problems.push({ path: `${path}.certificateDnsName`, problem, remedy: "Name it" });
  }
  if (authentication === "self_signed_tls_client_auth" && jwks === undefined) {
    const problem = "expected its certificate as x5c of a key, found no jwks";
    problems.push({ path: `${path}.jwks`, problem, remedy: "Add it, or choose tls_client_auth" });
  }
  return problems;
}
