/** The validator's configuration as users write it. Checked as a whole by `check-options.ts`. */

import type { AlgorithmName } from "../algorithms.ts";
import type { ProfileName } from "../issuers/profiles.ts";
import type { KeySharing } from "../keys/key-sharing.ts";
import type {
  Clock,
  Fetch,
  KeySetStore,
  Observer,
  ReplayStore,
  RevocationList,
  StatusLists,
  TokenDecrypter,
} from "../ports.ts";
import type { PermissionTable } from "../principal/permission-table.ts";
import type { PrincipalMapping } from "../principal/principal-mapping.ts";
import type { BindingOptions } from "./binding-options.ts";

export interface ValidatorOptions {
  /** At least one; `issuer` and `name` each unique. */
  readonly issuers: readonly IssuerOptions[];
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  readonly limits?: LimitOptions;
  /**
   * Remembers whose signature verified, so that a token that comes again costs next to nothing; time, keys, binding,
   * revocation and replay are judged anew each time. Default on; "off" verifies every signature every time.
   */
  readonly signatureCache?: SignatureCacheOptions | "off";
  /** Which tokens, subjects, sessions, clients and keys are revoked; see `MemoryRevocationList`. Default none are. */
  readonly revocations?: RevocationList;
  /** The status lists of issuers that publish some: see `createStatusLists`. Default none are asked. */
  readonly statusLists?: StatusLists;
  /**
   * What roles, groups, scopes and permissions of tokens allow: see `createPermissionTable` of `countersign/policy`. Default
   * a principal has the permissions that its token states.
   */
  readonly permissions?: PermissionTable;
  /**
   * Where first uses are recorded: of DPoP proofs, and of tokens that are for one use. Default the memory of this
   * process; instances that stand beside each other need a store that they share.
   */
  readonly replay?: ReplayStore;
  /** Sees typed events; costs nothing where absent. */
  readonly observer?: Observer;
  /** Default the runtime's `fetch`. For tests and for runtimes with their own; redirects and sizes are still bounded. */
  readonly fetch?: Fetch;
  /** How processes of a machine share fetched keys: see `countersign/sharing`. Default each fetches its own. */
  readonly keySharing?: KeySharing;
}

export interface SignatureCacheOptions {
  /** Default 10000; 1..1000000. */
  readonly maxEntries?: number;
  /** Of the tokens' text, and about 1 KiB for each. Default 33554432; 65536..4294967296. */
  readonly maxBytes?: number;
}

export interface LimitOptions {
  /** Longest token in bytes. Default 8192 (16384 where an ML-DSA algorithm is allowed); 256..65536. */
  readonly tokenBytes?: number;
}

export interface IssuerOptions {
  /** Compared code point by code point with `iss`: an https URL, or any non-empty text where keys are given inline. */
  readonly issuer: string;
  /** Alias for metrics, logs and routes: letters, digits, `.`, `_`, `-`; at most 64. Default the issuer's host. */
  readonly name?: string;
  /** Any of these must be in `aud`, exactly; "unchecked" opts out. */
  readonly audiences: readonly string[] | "unchecked";
  /** Default RS256, PS256, ES256, Ed25519 (HS256 where keys are `secrets`). */
  readonly algorithms?: readonly AlgorithmName[];
  readonly keys: KeysOptions;
  /** What its tokens look like: of a specification, or of an identity provider. Default "jwt". */
  readonly profile?: ProfileName;
  /** Accepted `typ`, without "application/", in any case. Default by profile: ["JWT", "at+jwt"] or ["at+jwt"]. */
  readonly types?: readonly string[];
  /** Claims that must be present besides `iss`, `aud` and `exp`. */
  readonly requiredClaims?: readonly string[];
  /** Default 30; 0..300. */
  readonly clockToleranceSeconds?: number;
  /** `exp - iat`, or `exp - now` where `iat` is absent. Default 86400; "unchecked" opts out. */
  readonly maxLifetimeSeconds?: number | "unchecked";
  /** `now - iat`; requires `iat`. Default no bound. */
  readonly maxAgeSeconds?: number;
  /** "unchecked" admits tokens without `exp` (one that is present still counts). Default "required". */
  readonly expiry?: "required" | "unchecked";
  /**
   * A token that is bound to a key by `cnf` is refused without proof of that key: a DPoP proof (RFC 9449) or a client
   * certificate (RFC 8705), given with the token. "unchecked" leaves the proof to the caller. Default "required", which
   * is all defaults of the options.
   */
  readonly binding?: "required" | "unchecked" | BindingOptions;
  /**
   * Its tokens are encrypted around their signature (RFC 7519 section 5.2): how they are opened. Default they are not, and
   * no encrypted token is accepted. `validateSync` cannot wait: it answers `keys_unavailable` until one was opened.
   */
  readonly encryption?: EncryptionOptions;
  /**
   * Where the issuer's tokens say who they speak for: client, tenant, session, scopes, roles, groups, permissions. What
   * is left out is read as by default; what nothing maps grants nothing.
   */
  readonly principal?: PrincipalMapping;
  /**
   * The principal's `tenant` must be one of these. Needed with presets whose issuer has tokens for everybody: google,
   * github-actions, gitlab, spiffe; "unchecked" opts out. Default any tenant of the issuer.
   */
  readonly tenants?: readonly string[] | "unchecked";
}

export interface EncryptionOptions {
  /** Of `createTokenDecrypter` in `countersign/encryption`. */
  readonly decrypter: TokenDecrypter;
  /** Tokens that are only signed. Default "refused"; "accepted" while an issuer changes over. */
  readonly plain?: "refused" | "accepted";
}

export type KeysOptions =
  | DiscoveryKeysOptions
  | JwksUriKeysOptions
  | InlineKeysOptions
  | SecretKeysOptions
  | NoKeysOptions;

/** No signature is accepted: the issuer's tokens are opaque, and judged by what it states (`judgeStated`). */
export interface NoKeysOptions {
  readonly none: true;
}

/** Keys found through the issuer's metadata: OpenID Connect Discovery 1.0 section 4 or RFC 8414 section 3. */
export interface DiscoveryKeysOptions extends RemoteKeysOptions {
  readonly discovery: true;
}

export interface JwksUriKeysOptions extends RemoteKeysOptions {
  /** https; http only for loopback with `insecureLoopbackHttp`. */
  readonly jwksUri: string;
}

export interface InlineKeysOptions {
  /** A JWK Set (RFC 7517 section 5) of public keys. */
  readonly jwks: { readonly keys: readonly unknown[] };
}

export interface SecretKeysOptions {
  /** HMAC secrets, at least as long as the hash (RFC 7518 section 3.2). Never beside asymmetric keys of the same issuer. */
  readonly secrets: readonly SecretOptions[];
}

/** Exactly one of `base64url` and `bytes`. Text that is a PEM, a JWK or a JWK Set is refused. */
export type SecretOptions =
  | { readonly id?: string; readonly base64url: string }
  | { readonly id?: string; readonly bytes: Uint8Array };

/** Bounds of fetching. Each has a default with which most issuers work. */
export interface RemoteKeysOptions {
  /** Whole fetch, from request to last byte. Default 5000; 100..30000. */
  readonly timeoutMs?: number;
  /** At most one fetch for unknown kids, and one for failed signatures, in this time. Default 30; 1..3600. */
  readonly cooldownSeconds?: number;
  /** The copy is refreshed no sooner than this, whatever the answer's headers say. Default 60; 1..86400. */
  readonly minRefreshSeconds?: number;
  /** The copy is refreshed no later than this, whatever the answer's headers say. Default 3600; 1..86400. */
  readonly maxRefreshSeconds?: number;
  /** How long the last good copy is used while the source fails. Default 86400; 0..604800. */
  readonly maxStaleSeconds?: number;
  /** How long an empty or suddenly shrunken set is held back. Default 300; 0..3600. */
  readonly removalGraceSeconds?: number;
  /** Longest answer in bytes. Default 1048576. */
  readonly maxBytes?: number;
  /** Most keys in a set. Default 256. */
  readonly maxKeys?: number;
  /** Same-origin redirects followed. Default 0; 0..3. */
  readonly maxRedirects?: number;
  /** Admits http to loopback hosts, for development. Default false. */
  readonly insecureLoopbackHttp?: boolean;
  /** File in which the last good set survives a restart (Node, Bun, Deno). */
  readonly cacheFile?: string;
  /** The same, anywhere: Cache API, KV, database. Not together with `cacheFile`. */
  readonly store?: KeySetStore;
}
