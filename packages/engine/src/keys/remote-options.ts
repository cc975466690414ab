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
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}
