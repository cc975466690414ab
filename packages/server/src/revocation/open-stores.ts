/** The stores that a configuration asks for. */

import type { Clock, ReplayStore } from "countersign";
import { MemoryReplayStore } from "countersign";

import type { RedisStoreConfiguration, StoreConfiguration } from "../config/revocation-configuration.ts";
import type { InstanceRegistry } from "../stores/instance-registry.ts";
import { MemoryRevocationStore } from "../stores/memory-revocation-store.ts";
import { MemoryStatusIndexStore } from "../stores/memory-status-index-store.ts";
import { RedisReplayStore } from "../stores/redis-replay-store.ts";
import { RedisRevocationStore, type RedisStoreOptions } from "../stores/redis-revocation-store.ts";
import { RedisStatusIndexStore } from "../stores/redis-status-index-store.ts";
import type { RevocationStore } from "../stores/revocation-store.ts";
import { SqliteReplayStore } from "../stores/sqlite-replay-store.ts";
import { SqliteRevocationStore } from "../stores/sqlite-revocation-store.ts";
import { SqliteStatusIndexStore } from "../stores/sqlite-status-index-store.ts";
import type { StatusIndexStore } from "../stores/status-index-store.ts";

export type OpenedRevocationStore = RevocationStore &
  InstanceRegistry &
  Partial<Pick<RedisRevocationStore, "findWeaknesses">>;

export interface OpenedReplayStore extends ReplayStore {
  close(): Promise<void>;
}

/** First uses of DPoP proofs, each for about a minute: 7000 a second; some 250 bytes each. */
const MAX_REMEMBERED_USES = 500_000;

/** Connects to nothing yet. */
export function openRevocationStore(store: StoreConfiguration, clock: Clock): OpenedRevocationStore {
  if (store === "memory") return new MemoryRevocationStore({ clock });
  if ("sqlite" in store) return new SqliteRevocationStore({ path: store.sqlite, clock });
  return new RedisRevocationStore({ ...describeRedis(store.redis), clock });
}

export function openReplayStore(store: StoreConfiguration, clock: Clock): OpenedReplayStore {
  if (store === "memory") {
    const memory = openReplayMemory(clock);
    return { use: (key, expiresAtMs) => memory.use(key, expiresAtMs), close: () => Promise.resolve() };
  }
  if ("sqlite" in store) return new SqliteReplayStore({ path: store.sqlite, clock });
  return new RedisReplayStore({ ...describeRedis(store.redis), clock });
}

/** First uses of one process. */
export function openReplayMemory(clock: Clock): ReplayStore {
  return new MemoryReplayStore({ clock, maxEntries: MAX_REMEMBERED_USES });
}

/** Which token has which index in a status list. */
export function openStatusIndexStore(store: StoreConfiguration, clock: Clock): StatusIndexStore {
  if (store === "memory") return new MemoryStatusIndexStore({ clock });
  if ("sqlite" in store) return new SqliteStatusIndexStore({ path: store.sqlite, clock });
  return new RedisStatusIndexStore({ ...describeRedis(store.redis), clock });
}

function describeRedis({ urls, cluster, tls, ...rest }: RedisStoreConfiguration): RedisStoreOptions {
  const [first, ...others] = urls;
  if (first === undefined) throw new TypeError("the schema let a list without URLs pass");
  const { ca, certificate: cert, key } = tls ?? {};
  return {
    ...rest,
    urls: [first, ...others],
    isCluster: cluster,
    ...(tls !== undefined && {
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
  };
}
