/** Where revocations and first uses are kept, and who may revoke. */

/** "memory" is of one process and ends with it. */
export type StoreConfiguration =
  | "memory"
  | { readonly sqlite: string }
  | { readonly redis: RedisStoreConfiguration };

export interface RedisStoreConfiguration {
  /** `redis://` or `rediss://` (TLS): one server, or some of the nodes of a cluster. */
  readonly urls: readonly string[];
  readonly cluster: boolean;
  /** An ACL user. */
  readonly username?: string;
  readonly password?: string;
  /** PEM texts; what is left out is the runtime's default. */
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly key?: string };
  /** Of every key. */
  readonly prefix: string;
  readonly timeoutMs: number;
  /** Replicas that must have a write before it counts as acknowledged. */
  readonly replicas: number;
}

export interface RevocationConfiguration {
  readonly store: StoreConfiguration;
  /** After so long without the feed, routes with `revocation: fresh` answer `revocation_unavailable`. */
  readonly maxStaleSeconds: number;
  /** When `/healthz/ready` says no: before the feed was read once, or also while it is stale. */
  readonly readiness: "started" | "fresh";
  /** How this instance is called in lists. Default the machine's name and the process id. */
  readonly instance?: string;
}

export interface ReplayConfiguration {
  readonly store: StoreConfiguration;
}

/** Who may use the API of the admin listener. */
export interface ApiConfiguration {
  /** A file with the token of operators; made at the start where there is none. */
  readonly tokenFile: string;
  /** Tokens of the configured issuers with this scope are operators' too. Default none are. */
  readonly scope?: string;
  /** Clients that may revoke their own tokens (RFC 7009). */
  readonly clients: readonly ApiClientConfiguration[];
}

export interface ApiClientConfiguration {
  readonly id: string;
  readonly secret: string;
}
