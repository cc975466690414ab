/** Status lists that are made from our own revocations (OAuth Token Status List). */

import type { ClientAlgorithm } from "./client-credentials.ts";
import type { StoreConfiguration } from "./revocation-configuration.ts";

export interface PublishedListsConfiguration {
  /** Where it is kept which token has which index. */
  readonly store: StoreConfiguration;
  readonly lists: readonly PublishedListConfiguration[];
}

/** The lists of one issuer's tokens. */
export interface PublishedListConfiguration {
  /** The alias of one of `issuers`. */
  readonly issuer: string;
  /** Where others find them: a list is at this address, a slash and its number. Leads to the admin listener. */
  readonly uri: string;
  /** PEM. Its public half is among the issuer's keys, under `keyId`. */
  readonly privateKey: string;
  readonly keyId: string;
  /** Default by key: RS256, ES256, ES384, ES512 or Ed25519. */
  readonly algorithm?: ClientAlgorithm;
  /** How long others use a list before they ask again: so long a revocation may take. */
  readonly ttlSeconds: number;
  /** How long a list counts at all. */
  readonly lifetimeSeconds: number;
  /** Statuses of a list. */
  readonly capacity: number;
}
