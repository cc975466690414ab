/**
 * Which signatures are verified beside the main thread. In CPU per verification on Node 26 (`npm run bench`): inline
 * RS256 takes 23 µs and leaves no gain; ES256 75 and Ed25519 110, of which the pool leaves 13 to 15 on this thread;
 * RSA-4096 69, ES384 680, ES512 1440, ML-DSA-87 250, of which it leaves 8 to 33.
 */

import { performance } from "node:perf_hooks";
import type { Algorithm, AlgorithmName } from "../algorithms.ts";

/** "busy": only above a utilization of the event loop, since a hop between threads costs a lone request time. */
type Place = "inline" | "busy" | "pool";

const PLACES: Readonly<Partial<Record<AlgorithmName, Place>>> = {
  ES256: "busy",
  Ed25519: "busy",
  "ML-DSA-44": "busy",
  ES384: "pool",
  ES512: "pool",
  Ed448: "pool",
  "ML-DSA-65": "pool",
  "ML-DSA-87": "pool",
};

/** RSA by the octets of its modulus: from 3072 bits on when busy, from 4096 bits on always. */
const BUSY_MODULUS_BYTES = 384;
const POOL_MODULUS_BYTES = 512;

/** Share of the time for which the event loop was busy when it was last looked at. */
const BUSY_UTILIZATION = 0.5;
const LOOK_EVERY_MS = 100;

/**
 * Most verifications in the pool. More are done inline, which holds up this thread and so lets shedding of load see
 * that there is too much; and DNS, which shares the pool, waits no longer than these take.
 */
const MAX_IN_POOL = 64;

export class ThreadPool {
  #inPool = 0;
  #isBusy = false;
  #looked = performance.now();
  #utilization = performance.eventLoopUtilization();

  /** Whether to verify a signature of this algorithm and length in the pool. */
  takes({ name, keyType }: Algorithm, signatureBytes: number): boolean {
    const place = keyType === "RSA" ? placeRsa(signatureBytes) : (PLACES[name] ?? "inline");
    if (place === "inline" || this.#inPool >= MAX_IN_POOL) return false;
    return place === "pool" || this.#isLoopBusy();
  }

  /** Counts a verification until its callback comes. */
  run(verify: (done: (error: Error | null, isValid: boolean) => void) => void): Promise<boolean> {
    return new Promise((resolve, reject) => {
      verify((error, isValid) => {
        this.#inPool--;
        if (error) reject(error);
        else resolve(isValid);
      });
      // Only now: what throws at once is not in the pool, and its callback never comes.
      this.#inPool++;
    });
  }

  #isLoopBusy(): boolean {
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY_MS) return this.#isBusy;
    const utilization = performance.eventLoopUtilization();
    this.#isBusy =
      performance.eventLoopUtilization(utilization, this.#utilization).utilization > BUSY_UTILIZATION;
    this.#utilization = utilization;
    this.#looked = now;
    return this.#isBusy;
  }
}

function placeRsa(modulusBytes: number): Place {
  if (modulusBytes >= POOL_MODULUS_BYTES) return "pool";
  return modulusBytes >= BUSY_MODULUS_BYTES ? "busy" : "inline";
}
