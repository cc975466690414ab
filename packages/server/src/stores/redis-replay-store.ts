import { createHash, randomBytes } from "node:crypto";
import type { Clock, ReplayStore } from "countersign";
import { RedisLink } from "./redis-link.ts";
import type { RedisStoreOptions } from "./redis-revocation-store.ts";
import { USE } from "./redis-scripts.ts";
import { readExpiry } from "./replay-expiry.ts";

const DEFAULT_TIMEOUT_MS = 1000;

/**
 * First use among all machines. A failover to a replica that had not yet received a use would forget it: where that
 * counts, `replicas` makes each use wait for as many.
 */
export class RedisReplayStore implements ReplayStore {
  readonly #link: RedisLink;
  readonly #clock: Clock;

  /** `timeoutMs` is 1000 by default. @throws RangeError where an option is outside its bounds. */
  constructor(options: RedisStoreOptions) {
    this.#link = new RedisLink({ ...options, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
    this.#clock = options.clock ?? Date.now;
  }

  async use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    const nowMs = Math.floor(this.#clock());
    const remainingMs = Math.max(1, readExpiry(expiresAtMs, nowMs) - nowMs);
    const name = createHash("sha256").update(key).digest("base64url");
    // By its own mark a caller whose answer was lost knows that the use is its own.
    const mark = randomBytes(12).toString("base64url");
    const args = [mark, String(remainingMs)];
    const answer = await this.#link.write({ script: USE, keys: [`${this.#link.prefix}:use:${name}`], args });
    return answer === 1 ? "first" : "seen";
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#link.close();
  }
}
