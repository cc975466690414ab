/** Assertions that were signed, for a part of their lives: a principal that comes again costs no signature. */

import type { JsonObject } from "countersign";
import { LRUCache } from "lru-cache";

import { LEAST_LIFETIME_SECONDS, type SignAssertion, type SignedAssertion } from "./sign-assertion.ts";

export interface MinterSetup {
  readonly lifetimeSeconds: number;
  readonly sign: SignAssertion;
  readonly clock: () => number;
  /** What came of each that was to be signed. */
  onSigned(result: "signed" | "failed"): void;
  /** Whether one was remembered. */
  onRecalled(result: "hit" | "miss"): void;
}

/** Gives an assertion: at once where one is remembered. Rejects where none can be signed. */
export type MintAssertion = (claims: JsonObject, tokenExpiresAt: number) => string | Promise<string>;

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 33_554_432;
const ENTRY_BYTES = 256;
/** It is used again for this part of its life, so that each has the rest when it leaves. */
const REUSED_SHARE = 0.5;

export function createMinter(setup: MinterSetup): MintAssertion {
  const { lifetimeSeconds, sign, clock, onSigned, onRecalled } = setup;
  const minted = new LRUCache<string, SignedAssertion>({
    ttlResolution: 0,
    perf: { now: clock },
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ text }, key) => ENTRY_BYTES + text.length + key.length,
  });
  const flights = new Map<string, Promise<string>>();
  const mint = async (key: string, claims: JsonObject, endsAt: number): Promise<string> => {
    const askedAt = clock();
    try {
      const signed = await sign({ claims, lifetimeSeconds, endsAt });
      onSigned("signed");
      const ttl = (signed.exp * 1000 - askedAt) * REUSED_SHARE - (clock() - askedAt);
      if (ttl > 0) minted.set(key, signed, { ttl });
      return signed.text;
    } catch (error) {
      onSigned("failed");
      throw error;
    }
  };
  return (claims, tokenExpiresAt) => {
    const key = JSON.stringify(claims);
    const known = minted.get(key);
    // The same principal may come with a token that ends earlier.
    const latest = Math.max(tokenExpiresAt, clock() + LEAST_LIFETIME_SECONDS * 1000);
    const isKnown = known !== undefined && known.exp * 1000 <= latest;
    onRecalled(isKnown ? "hit" : "miss");
    if (isKnown) return known.text;
    // So that nobody gets one that outlives his token: those with the same end share.
    // A token without an end has one here, since JSON knows no infinity.
    const endsAt = Math.min(Math.floor(tokenExpiresAt / 1000), Number.MAX_SAFE_INTEGER);
    const flightKey = `${endsAt} ${key}`;
    const underWay = flights.get(flightKey);
    if (underWay !== undefined) return underWay;
    const flight = mint(key, claims, endsAt).finally(() => flights.delete(flightKey));
    flights.set(flightKey, flight);
    return flight;
  };
}
