/**
 * Where sessions, grants, codes and tokens live. It is shared by the provider instances that follow each other at a
 * key change, so that a sign-in that began before a rotation ends well after it.
 */

import { createHash } from "node:crypto";
import type { Adapter, AdapterPayload } from "oidc-provider";

/** A payload, and what it came from where it is a token that was exchanged for others. */
export interface StoredPayload extends AdapterPayload {
  /** Keys of the tokens without which it is worth nothing. */
  derivedFrom?: readonly string[];
}

interface Entry {
  readonly payload: StoredPayload;
  readonly expiresAtMs: number;
}

/** A token that was taken back, as `onRevoked` is told of it. */
export interface RevokedToken {
  /** `jti` where the token is a JWT; undefined for an opaque one, whose key is nobody's business. */
  readonly tokenId: string | undefined;
  readonly expiresAtMs: number;
}

/** Most entries of each model; the oldest are dropped first, and are then worth nothing. */
export const MAX_ENTRIES = 2000;
/** Most tokens and proofs of each model. */
export const MAX_TOKENS = 20_000;

const MANY: ReadonlySet<string> = new Set(["AccessToken", "ClientCredentials", "ReplayDetection"]);
/** Whose ids are credentials: only their hashes are kept. */
const SECRET: ReadonlySet<string> = new Set([
  "AccessToken",
  "AuthorizationCode",
  "ClientCredentials",
  "RefreshToken",
]);
const ACCESS: readonly string[] = ["AccessToken", "ClientCredentials"];

export class MemoryStore {
  readonly #models = new Map<string, Map<string, Entry>>();
  readonly #onRevoked: (tokens: readonly RevokedToken[]) => void;

  constructor(onRevoked: (tokens: readonly RevokedToken[]) => void = () => {}) {
    this.#onRevoked = onRevoked;
  }

  get size(): number {
    return [...this.#models.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #entriesOf(model: string): Map<string, Entry> {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const entries = new Map<string, Entry>();
    this.#models.set(model, entries);
    return entries;
  }

  get(model: string, key: string): StoredPayload | undefined {
    const entries = this.#entriesOf(model);
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > Date.now()) return entry.payload;
    entries.delete(key);
    return undefined;
  }

  set(model: string, { key, ...entry }: Entry & { readonly key: string }): void {
    const entries = this.#entriesOf(model);
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= (MANY.has(model) ? MAX_TOKENS : MAX_ENTRIES)) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  }

  /** The first live payload of a model that fits. Linear: the store is small, and this is not production. */
  find(model: string, fits: (payload: StoredPayload) => boolean): StoredPayload | undefined {
    for (const [key, entry] of this.#entriesOf(model)) {
      if (fits(entry.payload)) return this.get(model, key);
    }
    return undefined;
  }

  /** Takes back that an entry was used. */
  restore(model: string, key: string): void {
    const payload = this.get(model, key);
    if (payload !== undefined) payload.consumed = undefined;
  }

  /** Says what an access token came from. False where that is no longer there, and then nor is the token. */
  derive(key: string, derivedFrom: readonly string[]): boolean {
    const findPayload = (wanted: string): StoredPayload | undefined =>
      this.get("AccessToken", wanted) ?? this.get("ClientCredentials", wanted);
    const payload = findPayload(key);
    if (payload === undefined) return false;
    payload.derivedFrom = derivedFrom;
    if (derivedFrom.every((parent) => findPayload(parent) !== undefined)) return true;
    this.revokeAll((candidate) => candidate === payload);
    return false;
  }

  /** Takes one entry back, and every token that came from it. */
  revoke(model: string, key: string): void {
    if (!ACCESS.includes(model)) this.#entriesOf(model).delete(key);
    else this.#revokeWhere((entry) => entry.key === key, [model]);
  }

  /** Takes back whatever fits, in every model, and every token that came from it. */
  revokeAll(fits: (payload: StoredPayload) => boolean): void {
    this.#revokeWhere(({ payload }) => fits(payload), [...this.#models.keys()]);
  }

  #revokeWhere(fits: (entry: KeyedEntry) => boolean, models: readonly string[]): void {
    const revoked: KeyedEntry[] = [];
    let latest = this.#remove(fits, models);
    while (latest.length > 0) {
      revoked.push(...latest);
      const gone = new Set(latest.map(({ key }) => key));
      latest = this.#remove(
        ({ payload }) => payload.derivedFrom?.some((key) => gone.has(key)) === true,
        ACCESS,
      );
    }
    this.#onRevoked(revoked.filter(({ model }) => ACCESS.includes(model)).map(describeRevoked));
  }

  #remove(fits: (entry: KeyedEntry) => boolean, models: readonly string[]): readonly KeyedEntry[] {
    const removed: KeyedEntry[] = [];
    for (const model of models) {
      const entries = this.#entriesOf(model);
      for (const [key, { payload, expiresAtMs }] of entries) {
        const entry = { model, key, payload, expiresAtMs };
        if (!fits(entry)) continue;
        entries.delete(key);
        removed.push(entry);
      }
    }
    return removed;
  }
}

interface KeyedEntry extends Entry {
  readonly model: string;
  readonly key: string;
}

const STRUCTURED = "jwt:";

function describeRevoked({ key, expiresAtMs }: KeyedEntry): RevokedToken {
  return { tokenId: key.startsWith(STRUCTURED) ? key.slice(STRUCTURED.length) : undefined, expiresAtMs };
}

/** The key of a JWT; no id that a client sends leads to it. */
export function keyOfStructured(tokenId: string): string {
  return `${STRUCTURED}${tokenId}`;
}

/** The key of anything else. */
export function keyOf(model: string, id: string): string {
  return SECRET.has(model) ? createHash("sha256").update(id).digest("base64url") : id;
}

/** The store as oidc-provider asks for it: one adapter a model. */
export function createAdapter(store: MemoryStore, model: string): Adapter {
  return {
    async upsert(id, payload, expiresInSeconds) {
      const expiresAtMs = expiresInSeconds === undefined ? Infinity : Date.now() + expiresInSeconds * 1000;
      const { jti, ...rest } = payload;
      store.set(model, { key: keyOf(model, id), payload: SECRET.has(model) ? rest : payload, expiresAtMs });
    },
    async find(id) {
      const payload = store.get(model, keyOf(model, id));
      return payload !== undefined && SECRET.has(model) ? { ...payload, jti: id } : payload;
    },
    async findByUid(uid) {
      return store.find(model, (payload) => payload.uid === uid);
    },
    async findByUserCode(userCode) {
      return store.find(model, (payload) => payload.userCode === userCode);
    },
    async consume(id) {
      const payload = store.get(model, keyOf(model, id));
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      store.revoke(model, keyOf(model, id));
    },
    async revokeByGrantId(grantId) {
      store.revokeAll((payload) => payload.grantId === grantId);
    },
  };
}
