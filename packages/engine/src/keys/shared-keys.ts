/** What goes between the process that fetches keys and those that follow: plain data. */

import type { RefusedLookup } from "./key-source.ts";

/** An issuer's keys at one moment, as the process that fetches them tells the others. Public keys only. */
export interface SharedKeys {
  /** Grows with every change. 0 where nothing was fetched yet. */
  readonly version: number;
  /** JWK Sets as the issuer published them: the last, and the one before while keys of it still count. */
  readonly documents: readonly string[];
  /** Milliseconds since the epoch, as the others, until which keys of the one before count. */
  readonly heldUntil: number;
  /** Until when a lookup needs no fetch. */
  readonly freshUntil: number;
  /** Until when the keys may be used while fetches fail. */
  readonly usableUntil: number;
  /** Until when a kid that the keys lack is unknown, where the publisher has said so. */
  readonly recentUntil: number;
  readonly isFailing: boolean;
  /** Why there are no better keys, for people. */
  readonly problem: string;
}

/** A kid as a token's header has it; only kids that a key set could have are asked for. */
export interface SharedKeyQuery {
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

/** What a follower asks of the publisher. */
export interface KeyQuestion {
  /** The issuer's alias. */
  readonly issuer: string;
  /** Of the keys that the follower has. */
  readonly version: number;
  /** "lookup": are there such keys? "replacement": is there new material for the key? "ready": are there keys at all? */
  readonly about: "lookup" | "replacement" | "ready";
  /** At most `MAX_QUERIES`; one for "replacement", none for "ready". */
  readonly queries: readonly SharedKeyQuery[];
}

export type KeyAnswer =
  /** What was published by now decides. */
  | { readonly kind: "look" }
  /** Nothing new, and no fetch may start yet. */
  | { readonly kind: "nothing" }
  | RefusedLookup;

/** Most queries of one question. */
export const MAX_QUERIES = 64;

/** Where nothing was published yet. */
export const NO_SHARED_KEYS: SharedKeys = Object.freeze({
  version: 0,
  documents: Object.freeze([]),
  heldUntil: 0,
  freshUntil: 0,
  usableUntil: 0,
  recentUntil: 0,
  isFailing: false,
  problem: "the source was not asked yet",
});
