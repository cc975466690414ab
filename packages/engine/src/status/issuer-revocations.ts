import { IdentifierHash } from "./identifier-hash.ts";
import type { SegmentEntry } from "./ordered-segment.ts";
import type { RevocationKind, RevocationStatus } from "./revocation.ts";

/**
 * Kinds of which there may be millions: they stand in the table. The numbers are the hash spaces of what is revoked;
 * the next number is that of what is suspended.
 */
export const TABLED: Readonly<Record<Exclude<RevocationKind, "issuer" | "key">, number>> = {
  token: 0,
  subject: 2,
  session: 4,
  client: 6,
};

const MAX_KEYS = 10_000;

/** What is in force against one issuer with one status, beside what stands in the table. */
export class StatusPlane {
  /** The same for both planes of an issuer. */
  readonly #hash: IdentifierHash;
  readonly #firstSpace: number;
  /** By space: the second at which the last entry in the table expires; 0 where there is none. */
  readonly #lastExpiries: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  /** From kid to the second at which its revocation expires. */
  readonly #keys = new Map<string, number>();
  /** The cut-off of the whole issuer. */
  issuerWide: SegmentEntry | undefined;

  constructor(status: RevocationStatus, hash: IdentifierHash) {
    this.#hash = hash;
    this.#firstSpace = status === "revoked" ? 0 : 1;
  }

  /** Whether the table has anything of a kind, without which there is nothing to hash. */
  has(tabled: number): boolean {
    return this.#lastExpiries[tabled] !== 0;
  }

  /** Notes that the table has an entry of a kind. */
  note(tabled: number, expiresSeconds: number): void {
    this.#lastExpiries[tabled] = Math.max(this.#lastExpiries[tabled] ?? 0, expiresSeconds);
  }

  /** Hashes into `hashWords`; false for what is no text. */
  hashValue(value: unknown, tabled: number): boolean {
    if (typeof value !== "string") return false;
    this.#hash.hash(value, tabled + this.#firstSpace);
    return true;
  }

  /** The second at which a key's revocation expires. */
  findKey(keyId: string): number | undefined {
    return this.#keys.size === 0 ? undefined : this.#keys.get(keyId);
  }

  /** False, with nothing changed, where there are too many. */
  setKey(keyId: string, expiresSeconds: number): boolean {
    if (this.#keys.size >= MAX_KEYS && !this.#keys.has(keyId)) return false;
    this.#keys.set(keyId, expiresSeconds);
    return true;
  }

  deleteKey(keyId: string): void {
    this.#keys.delete(keyId);
  }

  /** Forgets what expired; true where nothing is left. The table's entries are cleared out by the table. */
  clearOut(nowSeconds: number): boolean {
    for (const [keyId, expiresSeconds] of this.#keys) {
      if (expiresSeconds <= nowSeconds) this.#keys.delete(keyId);
    }
    if (this.issuerWide !== undefined && this.issuerWide.expiresSeconds <= nowSeconds) {
      this.issuerWide = undefined;
    }
    for (const [tabled, expiresSeconds] of this.#lastExpiries.entries()) {
      if (expiresSeconds <= nowSeconds) this.#lastExpiries[tabled] = 0;
    }
    const isTabled = this.#lastExpiries.some((expiresSeconds) => expiresSeconds !== 0);
    return !isTabled && this.#keys.size === 0 && this.issuerWide === undefined;
  }
}

/** All that is in force against one issuer. Its hash is its own, so that no identifier is hashed with its issuer. */
export class IssuerRevocations {
  readonly revoked: StatusPlane;
  readonly suspended: StatusPlane;

  constructor() {
    const hash = new IdentifierHash();
    this.revoked = new StatusPlane("revoked", hash);
    this.suspended = new StatusPlane("suspended", hash);
  }

  /** True where nothing is left. */
  clearOut(nowSeconds: number): boolean {
    const nothingRevoked = this.revoked.clearOut(nowSeconds);
    return this.suspended.clearOut(nowSeconds) && nothingRevoked;
  }
}
