/** What a development identity provider can be told, and what it does where it is told nothing. */

import { randomBytes } from "node:crypto";
import { ConfigurationError, type ConfigurationProblem } from "countersign";

/** Algorithms that the provider signs with. Keys of ES256 and RS256 are always published. */
export type DevSigningAlgorithm = "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519";

/** A client that may ask for tokens. */
export interface DevClientOptions {
  readonly clientId: string;
  /** Makes it a confidential client that may use client credentials; at least 16 characters. */
  readonly clientSecret?: string;
  /** Makes it able to use authorization code with PKCE. Loopback http, on any port, or https. */
  readonly redirectUris?: readonly string[];
  /** How a client with a secret shows it. Default "client_secret_basic". */
  readonly authentication?: "client_secret_basic" | "client_secret_post";
  /** Public keys, for `private_key_jwt` (RFC 7523) in place of a secret. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** Answers to its introspections are signed so where it asks for that (RFC 9701). Default they are not. */
  readonly introspectionSigningAlgorithm?: "ES256" | "RS256";
  /**
   * Is told when somebody who signed in through this client logs out (OpenID Connect Back-Channel Logout 1.0). Then
   * access tokens and ID tokens bear `sid`, and there is `/session/end`. Default it is not.
   */
  readonly backchannelLogoutUri?: string;
}

export interface DevIdpOptions {
  /** Only loopback is ever listened on. Default "127.0.0.1". */
  readonly host?: "127.0.0.1" | "::1" | "localhost";
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
  /**
   * Resource indicators (RFC 8707) that tokens can be asked for; the first is the default.
   * Default "https://api.countersign.test" and "https://reports.countersign.test".
   */
  readonly audiences?: readonly string[];
  /** Those of `audiences` whose access tokens are opaque, to be introspected (RFC 7662). Default none. */
  readonly opaqueAudiences?: readonly string[];
  /** Default 600; 1..86400. */
  readonly accessTokenTtlSeconds?: number;
  /** Signs access tokens. Default "ES256". */
  readonly algorithm?: DevSigningAlgorithm;
  /** `max-age` of the JWKS and metadata answers; 0 answers `no-cache`. Default 300; 0..86400. */
  readonly jwksMaxAgeSeconds?: number;
  /** Default one confidential client with a random secret, and one public client. */
  readonly clients?: readonly DevClientOptions[];
  /** Receives one notice at start, and errors of the server. Default standard error. */
  readonly log?: (message: string) => void;
}

/** Options with every default filled in, and checked. */
export interface DevIdpSettings extends Readonly<Required<DevIdpOptions>> {
  /** The audience of tokens that are asked for without one. */
  readonly defaultAudience: string;
  /** The first client that has a secret. */
  readonly serviceClient: { readonly clientId: string; readonly clientSecret: string };
}

/** Scopes of every registered audience. */
export const API_SCOPES: readonly string[] = ["orders:read", "orders:write"];

const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const ALGORITHMS: readonly string[] = ["ES256", "ES384", "RS256", "PS256", "Ed25519"];
/** In characters. */
const MIN_SECRET_LENGTH = 16;
const DEFAULT_AUDIENCES = ["https://api.countersign.test", "https://reports.countersign.test"];

function createDefaultClients(): readonly DevClientOptions[] {
  return [
    { clientId: "orders-service", clientSecret: randomBytes(24).toString("base64url") },
    { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
  ];
}

function findProblems(settings: DevIdpSettings): readonly ConfigurationProblem[] {
  return [
    // It gives tokens to whoever asks, so it is never reachable from outside.
    ...checkKnown("host", { value: settings.host, known: LOOPBACK_HOSTS }),
    ...checkKnown("algorithm", { value: settings.algorithm, known: ALGORITHMS }),
    ...checkWithin("port", { value: settings.port, bounds: [0, 65535] }),
    ...checkWithin("accessTokenTtlSeconds", { value: settings.accessTokenTtlSeconds, bounds: [1, 86400] }),
    ...checkWithin("jwksMaxAgeSeconds", { value: settings.jwksMaxAgeSeconds, bounds: [0, 86400] }),
    ...settings.audiences.flatMap((audience, index) => checkAudience(`audiences[${index}]`, audience)),
    ...settings.opaqueAudiences.flatMap((audience, index) =>
      checkKnown(`opaqueAudiences[${index}]`, { value: audience, known: settings.audiences }),
    ),
    ...settings.clients.flatMap((client, index) => checkClient(`clients[${index}]`, client)),
  ];
}

function checkKnown(
  path: string,
  { value, known }: { readonly value: string; readonly known: readonly string[] },
): ConfigurationProblem[] {
  if (known.includes(value)) return [];
  const problem = `expected one of ${known.join(", ")}, found ${JSON.stringify(value)}`;
  return [{ path, problem, remedy: "Choose one of these, or leave it out" }];
}

function checkWithin(
  path: string,
  { value, bounds: [least, most] }: { readonly value: number; readonly bounds: readonly [number, number] },
): ConfigurationProblem[] {
  if (Number.isInteger(value) && value >= least && value <= most) return [];
  const problem = `expected a whole number from ${least} to ${most}, found ${value}`;
  return [{ path, problem, remedy: "Choose a number within the bounds, or leave it out" }];
}

function checkAudience(path: string, audience: string): ConfigurationProblem[] {
  if (URL.canParse(audience) && !audience.includes("#")) return [];
  const problem = `expected an absolute URI without fragment (RFC 8707 section 2), found ${JSON.stringify(audience)}`;
  return [{ path, problem, remedy: 'Write it as "https://api.example.test"' }];
}

function checkClient(
  path: string,
  { clientSecret, redirectUris = [], jwks }: DevClientOptions,
): ConfigurationProblem[] {
  if (clientSecret === undefined && redirectUris.length === 0 && jwks === undefined) {
    const problem = "expected clientSecret, jwks or redirectUris, found none";
    return [{ path, problem, remedy: "Give a service a secret or keys, and an app its redirect addresses" }];
  }
  if (clientSecret === undefined || clientSecret.length >= MIN_SECRET_LENGTH) return [];
  const problem = `expected at least ${MIN_SECRET_LENGTH} characters, found ${clientSecret.length}`;
  return [{ path: `${path}.clientSecret`, problem, remedy: "Choose a longer secret" }];
}

function requireDefaultAudience([first]: readonly string[]): string {
  if (first !== undefined) return first;
  const problem = "expected at least one, found none";
  throw new ConfigurationError([{ path: "audiences", problem, remedy: "Name an audience, or leave it out" }]);
}

function requireServiceClient(clients: readonly DevClientOptions[]): DevIdpSettings["serviceClient"] {
  for (const { clientId, clientSecret } of clients) {
    if (clientSecret !== undefined) return { clientId, clientSecret };
  }
  const problem = "expected at least one with a clientSecret, found none";
  throw new ConfigurationError([{ path: "clients", problem, remedy: "Add one, for client credentials" }]);
}

/** Fills in defaults. @throws ConfigurationError that names the options, what was expected and what was found. */
export function resolveOptions(options: DevIdpOptions): DevIdpSettings {
  const audiences = options.audiences ?? DEFAULT_AUDIENCES;
  const clients = options.clients ?? createDefaultClients();
  const settings: DevIdpSettings = {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    audiences: Object.freeze([...audiences]),
    opaqueAudiences: Object.freeze([...(options.opaqueAudiences ?? [])]),
    defaultAudience: requireDefaultAudience(audiences),
    accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 600,
    algorithm: options.algorithm ?? "ES256",
    jwksMaxAgeSeconds: options.jwksMaxAgeSeconds ?? 300,
    clients,
    serviceClient: requireServiceClient(clients),
    log: options.log ?? ((message) => process.stderr.write(`${message}\n`)),
  };
  const [first, ...others] = findProblems(settings);
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
  return Object.freeze(settings);
}
