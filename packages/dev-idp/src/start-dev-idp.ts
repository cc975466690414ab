/** A real OpenID provider for development and tests: oidc-provider, on loopback, with keys that rotate. */

import { setTimeout as delay } from "node:timers/promises";
import type Provider from "oidc-provider";
import { createSharedState } from "./create-shared-state.ts";
import { type Doors, openDoors } from "./doors.ts";
import { answerRequest, createGeneration } from "./generation.ts";
import type { DevKeySummary, KeyRing } from "./key-ring.ts";
import { mintToken } from "./mint-token.ts";
import { type OpenKeys, openKeys } from "./open-keys.ts";
import { type DevIdpOptions, resolveOptions } from "./options.ts";
import { INTROSPECTION_PATH, REVOCATION_PATH } from "./request-with-handle.ts";
import type { SharedState } from "./shared-state.ts";

export interface RotateOptions {
  /** How long the next key is published before it signs. Default 0; real issuers wait as long as their `max-age`. */
  readonly publishAheadMs?: number;
}

export interface DevIdp {
  /** `iss` of every token, such as "http://127.0.0.1:9500". */
  readonly issuer: string;
  /** The address of the server; the same as `issuer`. */
  readonly url: string;
  /** The audience that tokens have where none is asked for. */
  readonly audience: string;
  /** Every registered audience, `audience` first. */
  readonly audiences: readonly string[];
  /** The first confidential client; it may use client credentials. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** RFC 7662; for clients with a secret or keys. */
  readonly introspectionEndpoint: string;
  /** RFC 7009; each client for its own tokens. */
  readonly revocationEndpoint: string;
  /** Where clients with certificates ask for tokens; undefined without `mtls`. */
  readonly mtlsUrl: string | undefined;
  /** Publishes the next key, waits, signs with it. The key before stays published until `removeOldKeys`. */
  rotate(options?: RotateOptions): Promise<{ readonly kid: string; readonly previousKid: string }>;
  /** First step of a rotation: the next key is in the JWKS and signs nothing. */
  publishKey(): Promise<DevKeySummary>;
  /** Second step: the published key signs; the one before stays in the JWKS. */
  activateKey(): DevKeySummary;
  /** Third step: keys that no longer sign leave the JWKS. */
  removeOldKeys(): readonly DevKeySummary[];
  keys(): readonly DevKeySummary[];
  /** Reads the ledger of `keys` now, not only at its next turn. */
  refreshKeys(): Promise<void>;
  /** A token for `audience` as the provider gives it out, without a request; the default audience where none is given. */
  mint(audience?: string): Promise<string>;
  /** A genuine token whose time is over. `secondsAgo` default 3600. */
  mintExpired(secondsAgo?: number): Promise<string>;
  /** A genuine token for any audience, registered or not. */
  mintForAudience(audience: string): Promise<string>;
  /** Stops listening and ends open connections; idempotent. */
  close(): Promise<void>;
}

/** Most time a key may be published ahead. */
const MAX_PUBLISH_AHEAD_MS = 3_600_000;

const NOTICE =
  "Development identity provider: anyone who reaches it gets tokens. It listens on loopback only. Never use it in production.";

/**
 * Starts the provider: discovery, JWKS, client credentials, authorization code with PKCE (S256), JWT access tokens.
 *
 * @throws ConfigurationError where an option is not acceptable, such as a host that is not loopback.
 * @throws Error of the system where the port is taken, or of oidc-provider where a client breaks its rules.
 */
export async function startDevIdp(options: DevIdpOptions = {}): Promise<DevIdp> {
  const settings = resolveOptions(options);
  const doors = await openDoors(settings);
  let renew = (): void => {};
  let keys: OpenKeys | undefined;
  try {
    keys = await openKeys(settings, { issuer: doors.url, onChange: () => renew() });
    const shared = createSharedState({ settings, ring: keys.ring, doors });
    let generation = createGeneration(shared);
    for (const door of doors.all) {
      door.server.on("request", (request, response) => {
        answerRequest({ request, response }, { generation, door, shared });
      });
    }
    // oidc-provider checks a client at its first use; a mistake is better found now.
    for (const client of settings.clients) await generation.provider.Client.find(client.clientId);
    // Requests under way end on the instance that they began on.
    renew = () => {
      generation = createGeneration(shared);
      shared.ownTokens.renew();
    };
    settings.log(NOTICE);
    return createDevIdp({ shared, keys, doors, currentProvider: () => generation.provider, renew });
  } catch (error) {
    await keys?.close();
    await doors.close();
    throw error;
  }
}

function requireOwn({ own }: OpenKeys): KeyRing {
  if (own !== undefined) return own;
  throw new Error("The keys follow a ledger: rotate them with `countersign keys rotate`");
}

function createDevIdp(parts: {
  readonly shared: SharedState;
  readonly keys: OpenKeys;
  readonly doors: Doors;
  readonly currentProvider: () => Provider;
  readonly renew: () => void;
}): DevIdp {
  const { shared, keys, doors, currentProvider, renew } = parts;
  const { issuer, settings } = shared;
  const { defaultAudience: audience } = settings;
  const { clientId, clientSecret } = settings.serviceClient;
  const closing = new AbortController();
  let closed: Promise<void> | undefined;

  const mint = (forAudience: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    mintToken({ provider: currentProvider(), shared }, { clientId, audience: forAudience, claims });
  const publishKey = async (): Promise<DevKeySummary> => {
    const key = await requireOwn(keys).publish();
    renew();
    return key;
  };
  const activateKey = (): DevKeySummary => {
    const key = requireOwn(keys).activate();
    renew();
    return key;
  };

  return Object.freeze<DevIdp>({
    issuer,
    url: issuer,
    audience,
    audiences: settings.audiences,
    clientId,
    clientSecret,
    tokenEndpoint: `${issuer}/token`,
    jwksUri: `${issuer}/jwks`,
    introspectionEndpoint: issuer + INTROSPECTION_PATH,
    revocationEndpoint: issuer + REVOCATION_PATH,
    mtlsUrl: shared.mtlsUrl,
    publishKey,
    activateKey,
    async rotate({ publishAheadMs = 0 }: RotateOptions = {}) {
      if (!(publishAheadMs >= 0 && publishAheadMs <= MAX_PUBLISH_AHEAD_MS)) {
        throw new TypeError(`publishAheadMs: expected 0 to ${MAX_PUBLISH_AHEAD_MS}, found ${publishAheadMs}`);
      }
      const previousKid = keys.ring.signingKid;
      await publishKey();
      if (publishAheadMs > 0) await delay(publishAheadMs, undefined, { signal: closing.signal });
      return { kid: activateKey().kid, previousKid };
    },
    removeOldKeys() {
      const removed = requireOwn(keys).removeRetired();
      if (removed.length > 0) renew();
      return removed;
    },
    refreshKeys: () => keys.refresh(),
    keys: () => keys.ring.summaries(),
    mint: (forAudience = audience) => mint(forAudience),
    async mintExpired(secondsAgo = 3600) {
      if (!(secondsAgo > 0)) throw new TypeError(`secondsAgo: expected more than 0, found ${secondsAgo}`);
      const exp = Math.floor(Date.now() / 1000) - secondsAgo;
      return mint(audience, { exp, iat: exp - settings.accessTokenTtlSeconds });
    },
    mintForAudience: (forAudience) => mint(forAudience),
    close() {
      closing.abort(new Error("The identity provider was closed"));
      shared.feed.close();
      closed ??= Promise.all([keys.close(), doors.close()]).then(() => undefined);
      return closed;
    },
  });
}
