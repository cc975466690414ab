import { randomUUID } from "node:crypto";
import { LedgerFollower } from "../jwks/ledger-follower.ts";
import { findActive, type KeyLedger, listNext } from "../lifecycle/key-ledger.ts";
import type { KeyStore } from "../lifecycle/key-store.ts";
import type { KeyBackend, Signer } from "../signer.ts";
import { SigningError } from "../signing-error.ts";

export interface TokenSignerOptions {
  readonly store: Pick<KeyStore, "read">;
  readonly backends: readonly KeyBackend[];
  /** How often the store is read; well below Ps. Default 250; 10..10000. */
  readonly intervalMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Told where the store or a key cannot be read; signing goes on until Ps is over. */
  readonly onFailure?: (error: unknown) => void;
}

/** What a token says; `iss`, `iat`, `exp` and `jti` are the signer's to set. */
export interface TokenRequest {
  readonly claims: Readonly<Record<string, unknown>>;
  /** At most T, which the plan of the rotation counts on. */
  readonly lifetimeSeconds: number;
  /** Default "at+jwt" (RFC 9068). */
  readonly type?: string;
}

export interface SignedToken {
  readonly token: string;
  readonly keyId: string;
}

const DEFAULT_INTERVAL_MS = 250;

/**
 * Signs tokens with whichever key is active. It holds both promises that the bounds of a rotation rest on: nothing is
 * signed longer than Ps after the ledger was last read, and no token lives longer than T.
 */
export class TokenSigner {
  readonly #options: TokenSignerOptions;
  readonly #follower: LedgerFollower;
  readonly #signers = new Map<string, Signer>();

  constructor(options: TokenSignerOptions) {
    const { store, intervalMs, onFailure } = options;
    if (intervalMs !== undefined && !(intervalMs >= 10 && intervalMs <= 10_000)) {
      throw new RangeError("intervalMs: expected 10 to 10000");
    }
    this.#options = options;
    this.#follower = new LedgerFollower({
      store,
      intervalMs: intervalMs ?? DEFAULT_INTERVAL_MS,
      onLedger: (ledger) => this.#open(ledger),
      ...(onFailure !== undefined && { onFailure }),
    });
  }

  /** Rejects where the ledger or the active key cannot be read. */
  start(): Promise<void> {
    return this.#follower.start();
  }

  /** Reads the ledger now, and switches where another key is active. */
  refresh(): Promise<void> {
    return this.#follower.refresh();
  }

  close(): Promise<void> {
    return this.#follower.close();
  }

  /** The kid that signs now; undefined where none may. */
  get keyId(): string | undefined {
    return this.#findSigner()?.signer.keyId;
  }

  /** @throws SigningError, RangeError where the token would live longer than T. */
  async sign({ claims, lifetimeSeconds, type = "at+jwt" }: TokenRequest): Promise<SignedToken> {
    const found = this.#findSigner();
    if (found === undefined) {
      throw new SigningError(
        "the ledger of keys was not read within Ps: another key may be the one that signs",
        {
          kind: "unavailable",
          backend: "ledger",
        },
      );
    }
    const { signer, ledger } = found;
    const longest = ledger.timing.tokenLifetimeSeconds;
    if (!(lifetimeSeconds > 0 && lifetimeSeconds <= longest)) {
      throw new RangeError(
        `lifetimeSeconds: expected more than 0 and at most tokenLifetimeSeconds (T), ${longest}`,
      );
    }
    const nowSeconds = Math.floor((this.#options.clock ?? Date.now)() / 1000);
    const payload = {
      jti: randomUUID(),
      ...claims,
      iss: ledger.issuer,
      iat: nowSeconds,
      exp: nowSeconds + Math.floor(lifetimeSeconds),
    };
    const input = `${encode({ alg: signer.algorithm, typ: type, kid: signer.keyId })}.${encode(payload)}`;
    const signature = await signer.sign(Buffer.from(input, "ascii"));
    return { token: `${input}.${Buffer.from(signature).toString("base64url")}`, keyId: signer.keyId };
  }

  #findSigner(): { readonly signer: Signer; readonly ledger: KeyLedger } | undefined {
    const { seen } = this.#follower;
    if (seen === undefined) return undefined;
    const { ledger, confirmedAtMs } = seen;
    if (performance.now() - confirmedAtMs > ledger.timing.switchSeconds * 1000) return undefined;
    const active = findActive(ledger);
    const signer = active === undefined ? undefined : this.#signers.get(active.keyId);
    return signer === undefined ? undefined : { signer, ledger };
  }

  /** The active key and those that may follow it at any moment; each signs something first. */
  async #open(ledger: KeyLedger): Promise<void> {
    const active = findActive(ledger);
    const wanted = [...(active === undefined ? [] : [active]), ...listNext(ledger)];
    for (const { keyId, reference } of wanted) {
      if (this.#signers.has(keyId)) continue;
      const backend = this.#options.backends.find(({ name }) => name === reference.backend);
      try {
        if (backend === undefined) throw notSetUp(reference.backend);
        this.#signers.set(keyId, await backend.open(reference));
      } catch (error) {
        // One that stands by is tried again with the next change; without the active one nothing can go on.
        if (keyId === active?.keyId) throw error;
        this.#options.onFailure?.(error);
      }
    }
    for (const keyId of this.#signers.keys()) {
      if (!wanted.some((key) => key.keyId === keyId)) this.#signers.delete(keyId);
    }
  }
}

function notSetUp(backend: string): SigningError {
  return new SigningError(`the key is held by the back end "${backend}", which is not set up`, {
    kind: "misconfigured",
    backend,
  });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
