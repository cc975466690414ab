import type { KeyStore, StoredLedger } from "../lifecycle/key-store.ts";

/** The ledger in the memory of this process, for development: a restart loses it, and with it the keys. */
export class MemoryKeyStore implements KeyStore {
  readonly name = "memory";
  #stored: StoredLedger | undefined;

  async read(): Promise<StoredLedger | undefined> {
    return this.#stored;
  }

  async replace(next: StoredLedger): Promise<boolean> {
    if ((this.#stored?.version ?? 0) !== next.version - 1) return false;
    this.#stored = { version: next.version, text: next.text };
    return true;
  }

  async close(): Promise<void> {}
}
