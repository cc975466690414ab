import type { Algorithm } from "../algorithms.ts";
import type { Clock, Fetch, KeySetStore, Observer } from "../ports.ts";

export type KeysFrom = { readonly discovery: true } | { readonly jwksUri: string };

/** `RemoteKeysOptions` with nothing left open. See there for what each means. */
export interface RemoteKeySettings {
  readonly timeoutMs: number;
  readonly cooldownSeconds: number;
  readonly minRefreshSeconds: number;
  readonly maxRefreshSeconds: number;
  readonly maxStaleSeconds: number;
  readonly removalGraceSeconds: number;
  readonly maxBytes: number;
  readonly maxKeys: number;
  readonly maxRedirects: number;
  readonly insecureLoopbackHttp: boolean;
}

/** The copy of the keys in memory, for those who are told of its changes. Times are elapsed milliseconds. */
export interface CopyState {
  /** What the keys that count were made of: the last document, and the one before while keys of it still count. */
  readonly documents: readonly string[];
  /** Until when memory answers without a fetch. */
  readonly expiresAt: number;
  /** Until when it may be used if no fetch succeeds again; undefined where there is none. */
  readonly usableUntil: number | undefined;
  /** Until when keys of the document before count; undefined where none do. */
  readonly heldUntil: number | undefined;
  /** Until when what it lacks counts as unknown, and not as published since. */
  readonly recentUntil: number;
  /** Whether the last fetch failed. */
  readonly isFailing: boolean;
}

/** What a remote key set is made of; everything is checked and resolved before. */
export interface RemoteKeySetOptions {
  /** The configured issuer, as tokens and metadata name it. */
  readonly issuer: string;
  /** Its alias, for events and reports. */
  readonly name: string;
  readonly source: KeysFrom;
  readonly algorithms: readonly Algorithm[];
  readonly settings: RemoteKeySettings;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly store: KeySetStore | undefined;
  /** Told after each change of the copy; `now` is the copy's time, and `problem` why there are no better keys. */
  readonly onCopyChange?: (copy: CopyState, now: number, problem: string) => void;
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}
