/** Assertions that were signed, for a part of their lives: a principal that comes again costs no signature. */

import { randomBytes } from "node:crypto";

import type { JsonObject } from "countersign";
import { LRUCache } from "lru-cache";

import type { SignAssertion } from "./sign-assertion.ts";

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

interface Minted {
  readonly text: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 33_554_432;
const ENTRY_BYTES = 256;
/** It is used again for this part of its life, so that each has the rest when it leaves. */
const REUSED_SHARE = 0.5;
/** Where the client's token is over and is let in by the clock's tolerance. */
const LEAST_SECONDS = 5;
const ID_BYTES = 16;

export function createMinter(setup: MinterSetup): MintAssertion {
  const { lifetimeSeconds, sign, clock, onSigned, onRecalled } = setup;
  const minted = new LRUCache<string, Minted>({
    ttlResolution: 0,
    perf: { now: clock },
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ text }, key) => ENTRY_BYTES + text.length + key.length,
  });
  const flights = new Map<string, Promise<string>>();
  const mint = async (key: string, claims: JsonObject, end: number): Promise<string> => {
    const now = clock();
    const iat = Math.floor(now / 1000);
    const exp = Math.min(iat + lifetimeSeconds, Math.max(Math.floor(end / 1000), iat + LEAST_SECONDS));
    const jti = randomBytes(ID_BYTES).toString("base64url");
    const text = await sign(JSON.stringify({ ...claims, iat, exp, jti })).catch((error: unknown) => {
      onSigned("failed");
      throw error;
    });
    onSigned("signed");
    const ttl = (exp - iat) * 1000 * REUSED_SHARE - (clock() - now);
    if (ttl > 0) minted.set(key, { text, exp }, { ttl });
    return text;
  };
  return (claims, tokenExpiresAt) => {
    const key = JSON.stringify(claims);
    const known = minted.get(key);
    // The same principal may come with a token that ends earlier.
    const latest = Math.max(tokenExpiresAt, clock() + LEAST_SECONDS * 1000);
    const isKnown = known !== undefined && known.exp * 1000 <= latest;
    onRecalled(isKnown ? "hit" : "miss");
    if (isKnown) return known.text;
    // So that nobody gets one that outlives his token: those with the same end share.
    const flightKey = `${Math.floor(tokenExpiresAt / 1000)} ${key}`;
    const underWay = flights.get(flightKey);
    if (underWay !== undefined) return underWay;
    const flight = mint(key, claims, tokenExpiresAt).finally(() => flights.delete(flightKey));
    flights.set(flightKey, flight);
    return flight;
  };
}
