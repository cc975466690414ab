/** What a development identity provider can be told, and what it does where it is told nothing. */

import { ConfigurationError, type ConfigurationProblem } from "countersign";
import { checkClient, createDefaultClients, type DevClientOptions } from "./client-options.ts";
import { checkExchangeRule, type DevExchangeRule } from "./exchange/exchange-rule.ts";
import type { DevKeysOptions } from "./ledger-keys.ts";
import { checkAudience, checkKnown, checkWithin } from "./option-checks.ts";
import type { RevocationSink } from "./revocation-feed.ts";
import { type DevSigningAlgorithm, SIGNING_ALGORITHMS } from "./signing-algorithm.ts";

/** A second listener, with TLS, for clients with certificates (RFC 8705). It serves the token endpoints alone. */
export interface DevMtlsOptions {
  /** The server's private key, as PEM. */
  readonly key: string;
  /** The server's certificate, as PEM. */
  readonly certificate: string;
  /** Whose client certificates "tls_client_auth" takes, as PEM. Default none. */
  readonly clientCa?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
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
  /** Who may exchange which tokens for which (RFC 8693). Default nobody. */
  readonly exchange?: readonly DevExchangeRule[];
  /** Most actors in the `act` chain of an exchanged token. Default 4; 1..5, as the engine takes no longer chain. */
  readonly maxDelegationDepth?: number;
  /**
   * How long a refresh token that was just used answers once more with the same tokens, for a client that did not get
   * the answer. Over as soon as its successor is used. Default 10; 0..10, 0 never.
   */
  readonly refreshGraceSeconds?: number;
  /** A refresh token that is not used for so long ends. Default 3600; 1..86400. No family lives longer than a day. */
  readonly refreshIdleSeconds?: number;
  /** DPoP proofs need a nonce of the provider (RFC 9449 section 8). Default false. */
  readonly requireDpopNonce?: boolean;
  /** Keys that a ledger leads (`countersign keys`), in place of `algorithm`. Default keys of the provider's own. */
  readonly keys?: DevKeysOptions;
  /** Default no TLS listener. */
  readonly mtls?: DevMtlsOptions;
  /**
   * Where revoked JWTs are told of, so that validators hear of them; see `createSidecarSink`. Default nowhere: then
   * only introspection knows.
   */
  readonly revocations?: RevocationSink;
  /** Receives one notice at start, and errors of the server. Default standard error. */
  readonly log?: (message: string) => void;
}

type OptionalSetting = "keys" | "mtls" | "revocations";

/** Options with every default filled in, and checked. */
export interface DevIdpSettings extends Readonly<Required<Omit<DevIdpOptions, OptionalSetting>>> {
  /** The audience of tokens that are asked for without one. */
  readonly defaultAudience: string;
  /** The first client that has a secret. */
  readonly serviceClient: { readonly clientId: string; readonly clientSecret: string };
  readonly keys: DevKeysOptions | undefined;
  readonly mtls: DevMtlsOptions | undefined;
  readonly revocations: RevocationSink | undefined;
}

/** Scopes of every registered audience. */
export const API_SCOPES: readonly string[] = ["orders:read", "orders:write"];

const DEFAULT_DELEGATION_DEPTH = 4;
/** The engine takes no longer chain. */
const MAX_DELEGATION_DEPTH = 5;
const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const DEFAULT_AUDIENCES = ["https://api.countersign.test", "https://reports.countersign.test"];

function findProblems(settings: DevIdpSettings): readonly ConfigurationProblem[] {
  const { audiences, clients, mtls } = settings;
  const clientIds = clients.map(({ clientId }) => clientId);
  return [
    // It gives tokens to whoever asks, so it is never reachable from outside.
    ...checkKnown("host", { value: settings.host, known: LOOPBACK_HOSTS }),
    ...checkKnown("algorithm", { value: settings.algorithm, known: SIGNING_ALGORITHMS }),
    ...findNumberProblems(settings),
    ...audiences.flatMap((audience, index) => checkAudience(`audiences[${index}]`, audience)),
    ...settings.opaqueAudiences.flatMap((audience, index) =>
      checkKnown(`opaqueAudiences[${index}]`, { value: audience, known: audiences }),
    ),
    ...clients.flatMap((client, index) =>
      checkClient(`clients[${index}]`, { client, hasTls: mtls !== undefined }),
    ),
    ...settings.exchange.flatMap((rule, index) =>
      checkExchangeRule(`exchange[${index}]`, { rule, clientIds, audiences, scopes: API_SCOPES }),
    ),
  ];
}

function findNumberProblems(settings: DevIdpSettings): readonly ConfigurationProblem[] {
  const { maxDelegationDepth, refreshGraceSeconds, refreshIdleSeconds } = settings;
  return [
    ...checkWithin("port", { value: settings.port, bounds: [0, 65535] }),
    ...checkWithin("mtls.port", { value: settings.mtls?.port ?? 0, bounds: [0, 65535] }),
    ...checkWithin("accessTokenTtlSeconds", { value: settings.accessTokenTtlSeconds, bounds: [1, 86400] }),
    ...checkWithin("jwksMaxAgeSeconds", { value: settings.jwksMaxAgeSeconds, bounds: [0, 86400] }),
    ...checkWithin("maxDelegationDepth", { value: maxDelegationDepth, bounds: [1, MAX_DELEGATION_DEPTH] }),
    ...checkWithin("refreshGraceSeconds", { value: refreshGraceSeconds, bounds: [0, 10] }),
    ...checkWithin("refreshIdleSeconds", { value: refreshIdleSeconds, bounds: [1, 86400] }),
  ];
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
    exchange: Object.freeze([...(options.exchange ?? [])]),
    maxDelegationDepth: options.maxDelegationDepth ?? DEFAULT_DELEGATION_DEPTH,
    refreshGraceSeconds: options.refreshGraceSeconds ?? 10,
    refreshIdleSeconds: options.refreshIdleSeconds ?? 3600,
    requireDpopNonce: options.requireDpopNonce ?? false,
    keys: options.keys,
    mtls: options.mtls,
    revocations: options.revocations,
    log: options.log ?? ((message) => process.stderr.write(`${message}\n`)),
  };
  const [first, ...others] = findProblems(settings);
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
  return Object.freeze(settings);
}
