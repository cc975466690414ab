/** Tells whoever watches about one issuer's remote keys. */

import type { EngineEvent, KeysFetchResult, Observer } from "../ports.ts";
import { compareKeySets } from "./hold-back.ts";
import type { ImportedKeySet } from "./imported-key-set.ts";

export interface FetchReport {
  readonly result: KeysFetchResult;
  readonly durationMs: number;
  /** Milliseconds since the epoch. */
  readonly usableUntil: number | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly detail: string | undefined;
}

export type UnknownKeyOutcome = Extract<EngineEvent, { type: "unknown_key" }>["outcome"];

export class RemoteKeyEvents {
  readonly #issuer: string;
  readonly #observer: Observer | undefined;

  /** `issuer` is the alias. */
  constructor(issuer: string, observer: Observer | undefined) {
    this.#issuer = issuer;
    this.#observer = observer;
  }

  fetchFinished(report: FetchReport): void {
    this.#tell({ type: "keys_fetch_finished", issuer: this.#issuer, ...report });
  }

  setChanged(before: ImportedKeySet | undefined, after: ImportedKeySet | undefined): void {
    if (this.#observer === undefined) return;
    const changes = compareKeySets(before, after);
    if (changes !== undefined) this.#tell({ type: "key_set_changed", issuer: this.#issuer, ...changes });
  }

  setSuspicious(keysBefore: number, keysAfter: number): void {
    this.#tell({ type: "key_set_suspicious", issuer: this.#issuer, keysBefore, keysAfter });
  }

  keysRefused(set: ImportedKeySet): void {
    for (const { index, problem } of set.refused) {
      this.#tell({ type: "key_refused", issuer: this.#issuer, index, problem });
    }
  }

  unknownKey(outcome: UnknownKeyOutcome): void {
    this.#tell({ type: "unknown_key", issuer: this.#issuer, outcome });
  }

  clockDifference(seconds: number | undefined): void {
    if (seconds !== undefined)
      this.#tell({ type: "clock_difference_measured", issuer: this.#issuer, seconds });
  }

  storeFailed(operation: "read" | "write", detail: string): void {
    this.#tell({ type: "keys_store_failed", issuer: this.#issuer, operation, detail });
  }

  #tell(event: EngineEvent): void {
    try {
      this.#observer?.(event);
    } catch {
      // Watching never changes what happens.
    }
  }
}
