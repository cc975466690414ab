/**
 * Keys whose lives a ledger leads: published, active and retiring as `countersign keys` says, held by its back ends, and
 * changed while the provider runs. Loaded only where a provider is told to use them.
 */

import { createPublicKey, type KeyObject } from "node:crypto";
import {
  createJwks,
  findActive,
  isPublished,
  type KeyBackend,
  type KeyLedger,
  type KeyRecord,
  type KeyStore,
  LedgerFollower,
  listNext,
  type Signer,
} from "@countersign/signing-keys";
import type { DevKeyState, DevKeySummary, PublicJwks, SigningKeys } from "./key-ring.ts";
import { ExternalSigningKey } from "./load-oidc-provider.ts";
import { type DevSigningAlgorithm, SIGNING_ALGORITHMS } from "./signing-algorithm.ts";

export interface DevKeysOptions {
  /** Its ledger has to be of the provider's issuer, so choose the provider's `port`. */
  readonly store: Pick<KeyStore, "read">;
  /** Those that hold the keys of the ledger. The provider does not close them. */
  readonly backends: readonly KeyBackend[];
  /** How often the store is read. Default 250 ms; 10..10000. It has to be well within Ps. */
  readonly intervalMs?: number;
}

const DEFAULT_INTERVAL_MS = 250;

const STATES: Readonly<Partial<Record<KeyRecord["state"], DevKeyState>>> = {
  active: "signing",
  next: "published",
  retiring: "retired",
};

function isKnown(algorithm: string): algorithm is DevSigningAlgorithm {
  return SIGNING_ALGORITHMS.includes(algorithm);
}

/** A key as oidc-provider takes those that it does not hold itself. */
class LedgerSigningKey extends ExternalSigningKey {
  readonly #record: KeyRecord;
  readonly #findSigner: (keyId: string) => Signer;

  constructor(record: KeyRecord, findSigner: (keyId: string) => Signer) {
    super();
    this.#record = record;
    this.#findSigner = findSigner;
  }

  override get kid(): string {
    return this.#record.keyId;
  }

  override get alg(): string {
    return this.#record.algorithm;
  }

  override keyObject(): KeyObject {
    return createPublicKey({ key: { ...this.#record.publicJwk }, format: "jwk" });
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return this.#findSigner(this.#record.keyId).sign(data);
  }
}

export class LedgerKeys implements SigningKeys {
  readonly isForeign = true;
  readonly #backends: readonly KeyBackend[];
  readonly #issuer: string;
  readonly #onChange: () => void;
  readonly #follower: LedgerFollower;
  readonly #signers = new Map<string, Signer>();
  #ledger: KeyLedger | undefined;

  constructor(
    { store, backends, intervalMs = DEFAULT_INTERVAL_MS }: DevKeysOptions,
    of: {
      readonly issuer: string;
      readonly log: (message: string) => void;
      /** Told of each change after the first reading. */
      readonly onChange: () => void;
    },
  ) {
    if (!(intervalMs >= 10 && intervalMs <= 10_000))
      throw new RangeError("keys.intervalMs: expected 10 to 10000");
    this.#backends = backends;
    this.#issuer = of.issuer;
    this.#onChange = of.onChange;
    this.#follower = new LedgerFollower({
      store,
      intervalMs,
      onLedger: (ledger) => this.#take(ledger),
      onFailure: (error) =>
        of.log(`identity provider: the keys: ${error instanceof Error ? error.message : "unknown failure"}`),
    });
  }

  /** Rejects where the ledger cannot be read, is another issuer's, or its active key cannot sign. */
  async start(): Promise<void> {
    try {
      await this.#follower.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Reads the ledger now. */
  refresh(): Promise<void> {
    return this.#follower.refresh();
  }

  close(): Promise<void> {
    return this.#follower.close();
  }

  async #take(ledger: KeyLedger): Promise<void> {
    if (ledger.issuer !== this.#issuer) {
      throw new Error(`keys: expected a ledger of the issuer ${this.#issuer}, found one of ${ledger.issuer}`);
    }
    // Throws where a set would hold no key that signs, or two of one kid; then the keys from before stay.
    createJwks(ledger, Date.now());
    const active = findActive(ledger);
    if (active === undefined || !isKnown(active.algorithm)) {
      throw new Error(
        `keys: expected an active key of ${SIGNING_ALGORITHMS.join(", ")}, found ${active?.algorithm ?? "none"}`,
      );
    }
    await this.#openSigners([active, ...listNext(ledger)], active.keyId);
    this.#closeSigners(ledger);
    const isFirst = this.#ledger === undefined;
    this.#ledger = ledger;
    if (!isFirst) this.#onChange();
  }

  /** Those that may sign; one that only stands by may fail now, and is tried again with the next change. */
  async #openSigners(records: readonly KeyRecord[], activeId: string): Promise<void> {
    for (const { keyId, reference } of records) {
      if (this.#signers.has(keyId)) continue;
      const backend = this.#backends.find(({ name }) => name === reference.backend);
      try {
        if (backend === undefined) throw new Error(`keys: the back end "${reference.backend}" is not set up`);
        const signer = await backend.open(reference);
        // Its tokens would be refused by whoever has the published half.
        if (signer.keyId !== keyId)
          throw new Error(`keys: expected the key ${keyId}, found another in its place`);
        this.#signers.set(keyId, signer);
      } catch (error) {
        if (keyId === activeId) throw error;
      }
    }
  }

  /** Requests that began before a change end with the key of then, unless it was taken back. */
  #closeSigners({ keys }: KeyLedger): void {
    for (const keyId of this.#signers.keys()) {
      if (!keys.some((key) => key.keyId === keyId && isPublished(key))) this.#signers.delete(keyId);
    }
  }

  /** Nothing is signed longer than Ps after the ledger was last read: another key may be the active one by then. */
  #findSigner(keyId: string): Signer {
    const { seen } = this.#follower;
    const signer = this.#signers.get(keyId);
    if (seen === undefined || signer === undefined) throw new Error("keys: the key does not sign any longer");
    const passedMs = performance.now() - seen.confirmedAtMs;
    if (passedMs <= seen.ledger.timing.switchSeconds * 1000) return signer;
    throw new Error("keys: the ledger was not read within Ps; another key may be the one that signs");
  }

  get #current(): { readonly ledger: KeyLedger; readonly active: KeyRecord } {
    const ledger = this.#ledger;
    const active = ledger === undefined ? undefined : findActive(ledger);
    if (ledger === undefined || active === undefined) throw new Error("keys: the ledger was not read yet");
    return { ledger, active };
  }

  get algorithm(): DevSigningAlgorithm {
    const { algorithm } = this.#current.active;
    if (!isKnown(algorithm))
      throw new Error(`keys: expected ${SIGNING_ALGORITHMS.join(", ")}, found ${algorithm}`);
    return algorithm;
  }

  get signingKid(): string {
    return this.#current.active.keyId;
  }

  /** T of the ledger. */
  get maxLifetimeSeconds(): number {
    return this.#current.ledger.timing.tokenLifetimeSeconds;
  }

  get jwksMaxAgeSeconds(): number {
    return createJwks(this.#current.ledger, Date.now()).maxAgeSeconds;
  }

  #listPublished(): readonly KeyRecord[] {
    const { ledger, active } = this.#current;
    return [active, ...ledger.keys.filter((key) => isPublished(key) && key !== active)];
  }

  summaries(): readonly DevKeySummary[] {
    return this.#listPublished().flatMap(({ keyId: kid, algorithm, state }) => {
      const named = STATES[state];
      return named !== undefined && isKnown(algorithm) ? [{ kid, algorithm, state: named }] : [];
    });
  }

  providerJwks(): { readonly keys: ExternalSigningKey[] } {
    const findSigner = (keyId: string): Signer => this.#findSigner(keyId);
    return { keys: this.#listPublished().map((record) => new LedgerSigningKey(record, findSigner)) };
  }

  publicJwks(): PublicJwks {
    return { keys: this.#listPublished().map(({ publicJwk }) => ({ ...publicJwk })) };
  }
}
