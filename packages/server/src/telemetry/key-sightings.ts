/** What was seen of issuers' keys: when each last verified a token, when they were last fetched, and how far clocks are apart. */

import type { EngineEvent } from "countersign";

/** A key that verified an accepted token. */
export interface KeyUse {
  /** Alias. */
  readonly issuer: string;
  /** The `kid` of the key set; "" of a key without. */
  readonly keyId: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What fetches have told. */
export interface SourceSighting {
  /** Of the last fetch that brought or confirmed keys, in milliseconds since the epoch. */
  readonly fetchedAtMs: number | undefined;
  /** Seconds by which the source's clock is ahead of ours. */
  readonly clockSkewSeconds: number | undefined;
}

/** Of an issuer: a kid is told only where a key of its set verified, so that issuers alone could make more. */
export const MAX_KEYS_OF_ISSUER = 32;

/** An update is two look-ups and an assignment. */
export class KeySightings {
  readonly #uses = new Map<string, Map<string, { atMs: number; isTold: boolean }>>();
  readonly #sources = new Map<string, SourceSighting>();

  observe(event: EngineEvent, nowMs: number): void {
    switch (event.type) {
      case "validation_finished":
        if (event.reason === "ok") this.#use(event.issuer, event.keyId ?? "", nowMs);
        return;
      case "keys_fetch_finished":
        if (event.result === "success" || event.result === "not_modified") {
          this.#sources.set(event.issuer, { ...this.source(event.issuer), fetchedAtMs: nowMs });
        }
        return;
      case "clock_difference_measured":
        this.#sources.set(event.issuer, { ...this.source(event.issuer), clockSkewSeconds: event.seconds });
        return;
      default:
        return;
    }
  }

  uses(): readonly KeyUse[] {
    return this.#list(() => true);
  }

  source(issuer: string): SourceSighting {
    return this.#sources.get(issuer) ?? { fetchedAtMs: undefined, clockSkewSeconds: undefined };
  }

  /** Uses that were not taken before, for another process. */
  takeUses(): readonly KeyUse[] {
    const uses = this.#list(({ isTold }) => !isTold);
    for (const cells of this.#uses.values()) for (const cell of cells.values()) cell.isTold = true;
    return uses;
  }

  /** Uses that another process has seen. */
  addUses(uses: readonly KeyUse[]): void {
    for (const { issuer, keyId, atMs } of uses) this.#use(issuer, keyId, atMs);
  }

  #use(issuer: string, keyId: string, atMs: number): void {
    const cells = this.#uses.get(issuer) ?? new Map<string, { atMs: number; isTold: boolean }>();
    const cell = cells.get(keyId);
    if (cell !== undefined) {
      if (atMs <= cell.atMs) return;
      cell.atMs = atMs;
      cell.isTold = false;
      return;
    }
    if (cells.size >= MAX_KEYS_OF_ISSUER) forgetOldest(cells);
    this.#uses.set(issuer, cells.set(keyId, { atMs, isTold: false }));
  }

  #list(isWanted: (cell: { readonly isTold: boolean }) => boolean): readonly KeyUse[] {
    return [...this.#uses].flatMap(([issuer, cells]) =>
      [...cells].filter(([, cell]) => isWanted(cell)).map(([keyId, { atMs }]) => ({ issuer, keyId, atMs })),
    );
  }
}

function forgetOldest(cells: Map<string, { readonly atMs: number }>): void {
  const [oldest] = [...cells].toSorted(([, left], [, right]) => left.atMs - right.atMs);
  if (oldest !== undefined) cells.delete(oldest[0]);
}
