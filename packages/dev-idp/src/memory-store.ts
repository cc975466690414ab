/**
 * Where sessions, grants and codes live. It is shared by the provider instances that follow each other
 * at a key change, so that a sign-in that began before a rotation ends well after it.
 */

import type { Adapter, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/** Most entries held; the oldest are dropped first. */
export const MAX_ENTRIES = 2000;

export class MemoryStore {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): AdapterPayload | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > Date.now()) return entry.payload;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** The first live payload of a model that fits. Linear: the store is small, and this is not production. */
  find(model: string, fits: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, entry] of this.#entries) {
      if (entry.model === model && fits(entry.payload)) return this.get(key);
    }
    return undefined;
  }

  deleteWhere(fits: (payload: AdapterPayload) => boolean): void {
    for (const [key, entry] of this.#entries) {
      if (fits(entry.payload)) this.#entries.delete(key);
    }
  }
}

/** The store as oidc-provider asks for it: one adapter a model. */
export function createAdapter(store: MemoryStore, model: string): Adapter {
  const keyOf = (id: string): string => `${model}:${id}`;
  return {
    async upsert(id, payload, expiresInSeconds) {
      const expiresAtMs = expiresInSeconds === undefined ? Infinity : Date.now() + expiresInSeconds * 1000;
      store.set(keyOf(id), { model, payload, expiresAtMs });
    },
    async find(id) {
      return store.get(keyOf(id));
    },
    async findByUid(uid) {
      return store.find(model, (payload) => payload.uid === uid);
    },
    async findByUserCode(userCode) {
      return store.find(model, (payload) => payload.userCode === userCode);
    },
    async consume(id) {
      const payload = store.get(keyOf(id));
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      store.delete(keyOf(id));
    },
    async revokeByGrantId(grantId) {
      store.deleteWhere((payload) => payload.grantId === grantId);
    },
  };
}
