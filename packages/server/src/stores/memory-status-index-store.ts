import { randomInt } from "node:crypto";
import type { Clock } from "countersign";

import {
  type AllocationRequest,
  checkAllocation,
  chooseFirstList,
  countPlaces,
  createFullError,
  type IndexedToken,
  LIST_GRACE_MS,
  MAX_LISTS,
  type StatusEntry,
  type StatusIndex,
  type StatusIndexStore,
} from "./status-index-store.ts";

interface List {
  readonly number: number;
  readonly capacity: number;
  readonly tokens: Map<number, IndexedToken>;
  expiresAtMs: number;
}

interface Issuer {
  last: number;
  readonly lists: Map<number, List>;
  readonly byId: Map<string, StatusIndex>;
}

const PAGE_SIZE = 250;

/** Indices in the memory of one process: for one sidecar, until it ends. */
export class MemoryStatusIndexStore implements StatusIndexStore {
  readonly #clock: Clock;
  readonly #issuers = new Map<string, Issuer>();

  constructor({ clock = Date.now }: { readonly clock?: Clock } = {}) {
    this.#clock = clock;
  }

  async allocate(request: AllocationRequest): Promise<readonly StatusIndex[]> {
    checkAllocation(request);
    const known = this.#issuers.get(request.issuer);
    const last = chooseFirstList(this.#clock()) - 1;
    const issuer = known ?? { last, lists: new Map(), byId: new Map() };
    this.#issuers.set(request.issuer, issuer);
    this.#expire(issuer);
    return request.tokens.map((token) => this.#place(issuer, { token, capacity: request.capacity }));
  }

  async listLists(name: string): Promise<readonly number[]> {
    const issuer = this.#issuers.get(name);
    if (issuer === undefined) return [];
    this.#expire(issuer);
    return [...issuer.lists.keys()];
  }

  async *readPages(name: string, number: number): AsyncIterable<readonly StatusEntry[]> {
    const all = [...(this.#issuers.get(name)?.lists.get(number)?.tokens ?? [])];
    for (let start = 0; start < all.length; start += PAGE_SIZE) {
      yield all.slice(start, start + PAGE_SIZE).map(([index, token]) => ({ index, token }));
    }
  }

  async close(): Promise<void> {}

  #place(
    issuer: Issuer,
    { token, capacity }: { readonly token: IndexedToken; readonly capacity: number },
  ): StatusIndex {
    const known = issuer.byId.get(token.jti);
    if (known !== undefined) return known;
    const list = this.#open(issuer, capacity);
    let index = randomInt(capacity);
    while (list.tokens.has(index)) index = randomInt(capacity);
    list.tokens.set(index, token);
    list.expiresAtMs = Math.max(list.expiresAtMs, token.expiresAtMs);
    const found = { list: list.number, index };
    issuer.byId.set(token.jti, found);
    return found;
  }

  /** @throws StatusIndexesFullError */
  #open(issuer: Issuer, capacity: number): List {
    const last = issuer.lists.get(issuer.last);
    if (last?.capacity === capacity && last.tokens.size < countPlaces(capacity)) return last;
    if (issuer.lists.size >= MAX_LISTS) throw createFullError();
    issuer.last += 1;
    const list = { number: issuer.last, capacity, tokens: new Map(), expiresAtMs: 0 };
    issuer.lists.set(list.number, list);
    return list;
  }

  #expire({ lists, byId }: Issuer): void {
    const nowMs = this.#clock();
    for (const { number, tokens, expiresAtMs } of lists.values()) {
      if (expiresAtMs + LIST_GRACE_MS > nowMs) continue;
      lists.delete(number);
      for (const { jti } of tokens.values()) byId.delete(jti);
    }
  }
}
