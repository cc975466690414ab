/** What a development identity provider can be told, and what it does where it is told nothing. */

import { randomBytes } from "node:crypto";

/** Algorithms that the provider signs with. Keys of ES256 and RS256 are always published. */
export type DevSigningAlgorithm = "ES256" | "ES384" | "RS256" | "PS256" | "Ed25519";

/** A client that may ask for tokens. */
export interface DevClientOptions {
  readonly clientId: string;
  /** Makes it a confidential client that may use client credentials; at least 16 characters. */
  readonly clientSecret?: string;
  /** Makes it able to use authorization code with PKCE. Loopback http, on any port, or https. */
  readonly redirectUris?: readonly string[];
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
  /** Default 600; 1..86400. */
  readonly accessTokenTtlSeconds?: number;
  /** Signs access tokens. Default "ES256". */
  readonly algorithm?: DevSigningAlgorithm;
  /** `max-age` of the JWKS and metadata answers; 0 answers `no-cache`. Default 300; 0..86400. */
  readonly jwksMaxAgeSeconds?: number;
  /** Default one confidential client with a random secret, and one public client. */
  readonly clients?: readonly DevClientOptions[];
  /** Receives one notice at start, and errors of the server. Default `console.warn`. */
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
const DEFAULT_AUDIENCES = ["https://api.countersign.test", "https://reports.countersign.test"];

function createDefaultClients(): readonly DevClientOptions[] {
  return [
    { clientId: "orders-service", clientSecret: randomBytes(24).toString("base64url") },
    { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
  ];
}

function requireWithin(name: string, value: number, bounds: readonly [number, number]): void {
  const [least, most] = bounds;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new TypeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}

function findDefaultAudience(audiences: readonly string[]): string {
  for (const audience of audiences) {
    if (URL.canParse(audience) && !audience.includes("#")) continue;
    throw new TypeError(
      `audiences: expected absolute URIs without fragment (RFC 8707 section 2), found ${JSON.stringify(audience)}`,
    );
  }
  const [first] = audiences;
  if (first === undefined) throw new TypeError("audiences: expected at least one, found none");
  return first;
}

function findServiceClient(clients: readonly DevClientOptions[]): DevIdpSettings["serviceClient"] {
  let found: DevIdpSettings["serviceClient"] | undefined;
  for (const { clientId, clientSecret, redirectUris } of clients) {
    if (clientSecret === undefined && !redirectUris?.length) {
      throw new TypeError(`clients: ${clientId} has neither clientSecret nor redirectUris; give it one of them`);
    }
    if (clientSecret === undefined) continue;
    if (clientSecret.length < 16) {
      throw new TypeError(`clients: the secret of ${clientId} is shorter than 16 characters`);
    }
    found ??= { clientId, clientSecret };
  }
  if (found === undefined) {
    throw new TypeError("clients: expected at least one with a clientSecret, for client credentials");
  }
  return found;
}

function requireKnown(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new TypeError(`${name}: expected one of ${known.join(", ")}, found ${JSON.stringify(value)}`);
}

/** Fills in defaults. @throws TypeError that names the option, what was expected and what was found. */
export function resolveOptions(options: DevIdpOptions): DevIdpSettings {
  const audiences = options.audiences ?? DEFAULT_AUDIENCES;
  const clients = options.clients ?? createDefaultClients();
  const settings: DevIdpSettings = {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    audiences: Object.freeze([...audiences]),
    defaultAudience: findDefaultAudience(audiences),
    accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 600,
    algorithm: options.algorithm ?? "ES256",
    jwksMaxAgeSeconds: options.jwksMaxAgeSeconds ?? 300,
    clients,
    serviceClient: findServiceClient(clients),
    log: options.log ?? ((message) => console.warn(message)),
  };
  // It gives tokens to whoever asks, so it is never reachable from outside.
  requireKnown("host", settings.host, LOOPBACK_HOSTS);
  requireKnown("algorithm", settings.algorithm, ALGORITHMS);
  requireWithin("port", settings.port, [0, 65535]);
  requireWithin("accessTokenTtlSeconds", settings.accessTokenTtlSeconds, [1, 86400]);
  requireWithin("jwksMaxAgeSeconds", settings.jwksMaxAgeSeconds, [0, 86400]);
  return Object.freeze(settings);
}
