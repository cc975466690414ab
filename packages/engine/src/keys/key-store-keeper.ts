/**
 * The last good key set as it survives a restart: read once, and written after each success without anyone waiting
 * for a slow store. What is read is trusted no more than an answer of the source.
 */

import type { Clock, KeySetStore } from "../ports.ts";
import { readJsonObject } from "./read-json-object.ts";
import type { KeysFrom } from "./remote-options.ts";

const VERSION = 1;
/** Members around the document, and the escapes that quoting it can add. */
const OVERHEAD_CHARACTERS = 8192;

export interface StoreKeeperOptions {
  readonly store: KeySetStore;
  /** What is stored names issuer and source, so that a store shared by mistake gives nobody another's keys. */
  readonly issuer: string;
  readonly source: KeysFrom;
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Told of failures: a store that does not work must be seen, but never stops anything. */
  readonly report: (operation: "read" | "write", detail: string) => void;
}

export interface StoredKeySet {
  /** Milliseconds since the epoch at which the source last confirmed the document. */
  readonly fetchedAt: number;
  /** The document as the source gave it. */
  readonly document: string;
}

export class StoreKeeper {
  readonly #options: StoreKeeperOptions;
  readonly #owner: { readonly version: number; readonly issuer: string; readonly source: string };
  #reading: Promise<StoredKeySet | undefined> | undefined;
  #writing: Promise<void> | undefined;
  #next: StoredKeySet | undefined;

  constructor(options: StoreKeeperOptions) {
    const { issuer, source } = options;
    this.#options = options;
    this.#owner = { version: VERSION, issuer, source: "jwksUri" in source ? source.jwksUri : "discovery" };
  }

  /** What is stored; the first call starts reading, later ones share it. Never rejects; may never settle. */
  read(): Promise<StoredKeySet | undefined> {
    this.#reading ??= this.#attempt("read", async () => {
      const content: unknown = await this.#options.store.read();
      return content === undefined ? undefined : this.#parse(content);
    });
    return this.#reading;
  }

  /** Writes in the background, one at a time; of several that wait, only the last is written. */
  write(stored: StoredKeySet): void {
    this.#next = stored;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let stored = this.#next; stored !== undefined; stored = this.#next) {
      this.#next = undefined;
      const text = JSON.stringify({ ...this.#owner, ...stored });
      await this.#attempt("write", async () => this.#options.store.write(text));
    }
    this.#writing = undefined;
  }

  /** What was stored for this issuer and source. Whether it is young enough is not judged here. */
  #parse(content: unknown): StoredKeySet {
    const { maxBytes, clock } = this.#options;
    if (typeof content !== "string" || content.length > 2 * maxBytes + OVERHEAD_CHARACTERS) {
      throw new Error("expected text no larger than maxBytes allows");
    }
    // The document is one JSON string inside, and may be longer than strings in key sets are.
    const { fetchedAt, document, ...owner } = readJsonObject(content, 2 * maxBytes);
    for (const [name, value] of Object.entries(this.#owner)) {
      if (owner[name] !== value) throw new Error(`what is stored has another ${name}`);
    }
    if (typeof fetchedAt !== "number" || !(fetchedAt <= clock()) || typeof document !== "string") {
      throw new Error("what is stored has no document or no time in the past");
    }
    return { fetchedAt, document };
  }

  async #attempt<T>(operation: "read" | "write", work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.report(operation, error instanceof Error ? error.message : "the store failed");
      return undefined;
    }
  }
}
