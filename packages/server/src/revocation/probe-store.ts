/** Looks at a store without changing it, for those who ask before a sidecar depends on it. */

import type { RedisStoreConfiguration } from "../config/revocation-configuration.ts";
import { openRevocationStore } from "./open-stores.ts";

export interface StoreProbe {
  /** Of a read. */
  readonly durationMs: number;
  /** What may lose writes that it acknowledged; for people. */
  readonly weaknesses: readonly string[];
}

/**
 * Connects to Redis as a sidecar would and reads from the feed; writes nothing.
 *
 * @throws StoreUnavailableError where there is no answer within `timeoutMs` of the configuration.
 */
export async function probeRedis(redis: RedisStoreConfiguration): Promise<StoreProbe> {
  const store = openRevocationStore({ redis }, Date.now);
  try {
    // The first one waits for the connection too.
    await store.read({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
    const startedMs = performance.now();
    await store.read({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
    const durationMs = performance.now() - startedMs;
    return { durationMs, weaknesses: (await store.findWeaknesses?.()) ?? [] };
  } finally {
    await store.close();
  }
}
