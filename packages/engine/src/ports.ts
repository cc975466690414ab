/** The outside world as the engine sees it: time, network, storage, and whoever watches. */

import type { Fault, ReasonName } from "./reasons.ts";

/** Milliseconds since the epoch, as `Date.now()`. */
export type Clock = () => number;

/** The part of the Fetch standard that key fetching uses. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

export interface FetchInit {
  readonly method: "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/** Where the last good key set of one issuer survives a restart. Both may reject; neither is trusted. */
export interface KeySetStore {
  /** The text last written, or undefined where there is none. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/** How a key fetch ended; the label `result` of `countersign_jwks_fetches_total`. */
export type KeysFetchResult =
  | "success"
  | "not_modified"
  | "timeout"
  | "dns"
  | "connect"
  | "tls"
  | "http_4xx"
  | "http_5xx"
  | "redirect"
  | "too_large"
  | "parse"
  | "empty"
  | "issuer_mismatch";

/**
 * How a fetch of a status list ended; the label `result` of `countersign_status_list_fetches_total`. "invalid": what came
 * is no list of that place, or not signed by the issuer. "keys_unavailable": nobody can say whether it is.
 */
export type StatusListFetchResult =
  | Exclude<KeysFetchResult, "not_modified" | "empty" | "issuer_mismatch">
  | "invalid"
  | "keys_unavailable";

/** A public key as events and reports name it; never its material. */
export interface KeySummary {
  readonly keyId: string | undefined;
  readonly algorithm: string;
}

/**
 * What the engine tells whoever watches. `issuer` is always the configured alias, or "_untrusted";
 * no member ever holds text that only a token supplied.
 */
export type EngineEvent =
  | {
      readonly type: "validation_finished";
      readonly issuer: string;
      readonly reason: ReasonName | "ok";
      readonly fault: Fault | "none";
      readonly algorithm: string | undefined;
      /** The `kid` of the key that verified it; undefined where the token was not accepted, or the key has none. */
      readonly keyId: string | undefined;
      /** Whether the signature had been checked before and was remembered; everything else was judged anew. */
      readonly remembered: boolean;
      readonly durationMs: number;
      /** Undefined where no signature was checked. */
      readonly signatureMs: number | undefined;
      /** With `token_expired` alone: how many seconds ago it expired, by a signature that was perhaps not checked. */
      readonly expiredSeconds?: number;
    }
  | {
      readonly type: "keys_fetch_finished";
      readonly issuer: string;
      readonly result: KeysFetchResult;
      readonly durationMs: number;
      /** Milliseconds since the epoch until which this copy may be used if no fetch succeeds again. */
      readonly usableUntil: number | undefined;
      /** Seconds after which the copy is refreshed. */
      readonly maxAgeSeconds: number | undefined;
      /** For people: what failed, without anything that a token supplied. */
      readonly detail: string | undefined;
    }
  | {
      /** One of the issuer's status lists was asked for; which one is not told, since tokens name them. */
      readonly type: "status_list_fetch_finished";
      readonly issuer: string;
      readonly result: StatusListFetchResult;
      readonly durationMs: number;
    }
  | {
      readonly type: "key_set_changed";
      readonly issuer: string;
      readonly added: readonly KeySummary[];
      readonly removed: readonly KeySummary[];
    }
  | {
      /** A new set was held back: empty, or missing more than half of the keys in use. */
      readonly type: "key_set_suspicious";
      readonly issuer: string;
      readonly keysBefore: number;
      readonly keysAfter: number;
    }
  | {
      /** One key of a set cannot be used; the others can. */
      readonly type: "key_refused";
      readonly issuer: string;
      /** Position in the set, from 0. */
      readonly index: number;
      readonly problem: string;
    }
  | {
      readonly type: "unknown_key";
      readonly issuer: string;
      readonly outcome: "refetch_hit" | "refetch_miss" | "cooldown" | "negative_cached";
    }
  | {
      /** Seconds by which the source's clock is ahead of ours, from its `Date` header (1 s resolution). */
      readonly type: "clock_difference_measured";
      readonly issuer: string;
      readonly seconds: number;
    }
  | {
      /** The stored key set could not be read or written; the keys in memory are not concerned. */
      readonly type: "keys_store_failed";
      readonly issuer: string;
      readonly operation: "read" | "write";
      readonly detail: string;
    }
  | {
      /** An option that weakens safety is in force; told once, at construction. */
      readonly type: "opt_out_in_force";
      readonly issuer: string | undefined;
      readonly path: string;
      readonly value: string;
    };

/** Called synchronously; what it throws is swallowed, so that watching never changes a verdict. */
export type Observer = (event: EngineEvent) => void;

/** What of a verified token a revocation can name. A `VerifiedToken` is one. */
export interface RevocableToken {
  /** `iss`, `jti`, `sub`, `sid`, `client_id` (and `azp`, `cid`), and `iat` are read. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The `kid` of the key that verified the signature. */
  readonly keyId: string | undefined;
}

/** Which revocations are in force, in the memory of this process. Neither method waits or throws. */
export interface RevocationList {
  /** Asked after the signature, and again before a remembered acceptance is returned. Undefined: nothing is known against it. */
  find(token: RevocableToken): "revoked" | "suspended" | undefined;
  /** False where newer revocations may exist that are not known here: then finding nothing proves nothing. */
  isFresh(): boolean;
}

/** What an issuer's status list says of a token (OAuth Token Status List). */
export type ListedStatus =
  | "valid"
  | "revoked"
  | "suspended"
  /** The token's reference is none, or leads nowhere. */
  | "malformed"
  /** It could not be found out. */
  | "unavailable";

/** The status lists that issuers publish; see `createStatusLists`. Never rejects. */
export interface StatusLists {
  /** A promise only where a list has to be fetched. Of issuers without lists everything is "valid". */
  check(token: Pick<RevocableToken, "claims">): ListedStatus | Promise<ListedStatus>;
}

/** Who came first, across every process that shares the store. Asked last, since asking uses up the key. */
export interface ReplayStore {
  /**
   * Records the key's first use until `expiresAtMs` (milliseconds since the epoch); of any number of concurrent
   * callers exactly one is told "first". Rejects where that cannot be said for certain: then nobody may pass.
   */
  use(key: string, expiresAtMs: number): Promise<"first" | "seen">;
}

/** What was in an encrypted token, and the header around it. Whoever sent it chose both. */
export interface OpenedToken {
  readonly text: string;
  readonly header: Readonly<Record<string, unknown>>;
}

/** Opens encrypted tokens with the private keys of one issuer's audience: see `countersign/encryption`. */
export interface TokenDecrypter {
  /** Whether the token names one of its keys, with algorithms that are allowed for it; by its header alone. */
  holdsKeyOf(token: string): boolean;
  /** Undefined whatever keeps it closed; "busy" where too many are being opened. Rejects where its keys cannot be used. */
  open(token: string): Promise<OpenedToken | "busy" | undefined>;
}
