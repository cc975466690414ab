/** Where the ledger is kept. A store keeps text under a version and knows nothing of keys. */

export interface StoredLedger {
  readonly version: number;
  readonly text: string;
}

export interface KeyStore {
  /** For people, such as "sqlite:/var/lib/keys.db"; holds no secret. */
  readonly name: string;
  /** The last one that was written; undefined where nothing ever was. @throws KeyStoreUnavailableError */
  read(): Promise<StoredLedger | undefined>;
  /**
   * Writes `next` where the store still holds `next.version - 1` (nothing, for version 1), durably, and says whether it
   * did: of any number of concurrent writers of one version exactly one is told true.
   *
   * @throws KeyStoreUnavailableError where that cannot be said; it may have been written all the same.
   */
  replace(next: StoredLedger): Promise<boolean>;
  close(): Promise<void>;
}

/** The store could not be asked, or gave an answer that proves nothing. Asking again later is harmless. */
export class KeyStoreUnavailableError extends Error {
  override readonly name = "KeyStoreUnavailableError";
}
