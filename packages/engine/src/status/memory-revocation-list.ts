import { ElapsedTime } from "../keys/elapsed-time.ts";
import type { Clock, RevocableToken, RevocationList } from "../ports.ts";
import { hashWords } from "./identifier-hash.ts";
import { IssuerRevocations, type StatusPlane, TABLED } from "./issuer-revocations.ts";
import type { SegmentEntry } from "./ordered-segment.ts";
import type { Revocation, RevocationStatus, RevocationTarget } from "./revocation.ts";
import { RevocationTable } from "./revocation-table.ts";

export interface RevocationListOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** How long after the last `confirm` the list is still fresh. Default 60; 1..86400. */
  readonly maxStaleSeconds?: number;
  /** Most entries, of 23 to 30 bytes each. Default 20 million. */
  readonly maxEntries?: number;
}

/** What a lifted revocation leaves in force of others for the same target and status. */
export interface RemainingRevocation {
  /** Absent for "token" and "key". */
  readonly issuedBeforeSeconds?: number;
  readonly expiresAtMs: number;
}

export interface LiftedRevocation {
  readonly target: RevocationTarget;
  readonly status: RevocationStatus;
  /** Undefined: nothing. */
  readonly remaining: RemainingRevocation | undefined;
}

/** Thrown where a revocation has no room: a list that does not hold everything must not be confirmed. */
export class RevocationListFullError extends Error {
  override readonly name = "RevocationListFullError";
}

/** A cut-off that no `iat` passes: of "token" and "key", which are refused whenever they were issued. */
const NO_CUT_OFF: number = 2 ** 32 - 1;

const DEFAULT_STALE_SECONDS = 60;
const MAX_STALE_SECONDS = 86_400;
const DEFAULT_ENTRIES = 20_000_000;
const MAX_ISSUERS = 100_000;
/** Share of the list that one call clears out by default, so that a call takes well under a millisecond. */
const CLEARED_SHARE: number = 1 / 256;

/**
 * The revocations in force, for one process, from which a look-up takes well under a microsecond and no other call more
 * than about a millisecond. Holds identifiers as keyed hashes of 96 bits, so it can tell what is revoked and not list
 * it. Entries of one target and status are held as one: with the latest cut-off and the latest expiry of them.
 */
export class MemoryRevocationList implements RevocationList {
  readonly #clock: Clock;
  readonly #elapsed: ElapsedTime;
  readonly #maxStaleMs: number;
  readonly #maxEntries: number;
  readonly #issuers = new Map<string, IssuerRevocations>();
  readonly #table = new RevocationTable();
  readonly #entry: SegmentEntry = { expiresSeconds: 0, cutOffSeconds: 0 };
  #issuersToClear: Iterator<[string, IssuerRevocations]> = this.#issuers.entries();
  #confirmedAt = Number.NEGATIVE_INFINITY;

  /** @throws RangeError where an option is outside its bounds. */
  constructor({ clock = Date.now, maxStaleSeconds, maxEntries }: RevocationListOptions = {}) {
    this.#clock = clock;
    this.#elapsed = new ElapsedTime(clock);
    this.#maxStaleMs =
      readBounded("maxStaleSeconds", maxStaleSeconds ?? DEFAULT_STALE_SECONDS, MAX_STALE_SECONDS) * 1000;
    this.#maxEntries = readBounded("maxEntries", maxEntries ?? DEFAULT_ENTRIES, 2 ** 30);
  }

  /** Entries in the table and issuers beside it; those that expired count until they are cleared out. */
  get size(): number {
    return this.#table.size;
  }

  /** Of the table. */
  get bytes(): number {
    return this.#table.bytes;
  }

  find(token: RevocableToken): RevocationStatus | undefined {
    const issuer = this.#issuers.get(token.claims["iss"] as string);
    if (issuer === undefined) return undefined;
    if (this.#concerns(issuer.revoked, token)) return "revoked";
    return this.#concerns(issuer.suspended, token) ? "suspended" : undefined;
  }

  isFresh(): boolean {
    return this.#elapsed.now() - this.#confirmedAt <= this.#maxStaleMs;
  }

  /** Seconds since the last `confirm`; Infinity before the first. */
  ageSeconds(): number {
    return (this.#elapsed.now() - this.#confirmedAt) / 1000;
  }

  /** The moment, for `confirm`: take it before asking the store. */
  now(): number {
    return this.#elapsed.now();
  }

  /** Says that everything that had been revoked until `moment` is in the list. */
  confirm(moment: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, moment);
  }

  /**
   * Enters a revocation that is well formed; one that was entered before, or has expired, changes nothing.
   *
   * @throws RevocationListFullError
   */
  add({ target, status, expiresAtMs }: Pick<Revocation, "target" | "status" | "expiresAtMs">): void {
    const { kind, issuer: name, value = "", issuedBeforeSeconds: cutOffSeconds = NO_CUT_OFF } = target;
    const expiresSeconds = Math.ceil(expiresAtMs / 1000);
    if (this.#hasPassed(expiresSeconds)) return;
    const plane = this.#openIssuer(name)[status];
    const added: SegmentEntry = { expiresSeconds, cutOffSeconds };
    if (kind === "issuer") {
      plane.issuerWide = this.#merge(added, plane.issuerWide);
    } else if (kind === "key") {
      const isSet = plane.setKey(value, Math.max(expiresSeconds, plane.findKey(value) ?? 0));
      if (!isSet) throw new RevocationListFullError("expected fewer revoked keys of one issuer");
    } else {
      plane.hashValue(value, TABLED[kind]);
      const isThere = this.#table.find(hashWords, this.#entry);
      if (!isThere && this.#table.size >= this.#maxEntries) {
        throw new RevocationListFullError(`expected at most ${this.#maxEntries} entries; raise maxEntries`);
      }
      this.#table.set(hashWords, isThere ? this.#merge(added, this.#entry) : added);
      plane.note(TABLED[kind], expiresSeconds);
    }
  }

  /** Takes back what `add` entered for a target and status, but for what remains of other revocations. */
  lift({ target, status, remaining }: LiftedRevocation): void {
    const { kind, value = "" } = target;
    const plane = this.#issuers.get(target.issuer)?.[status];
    if (plane !== undefined && kind === "issuer") plane.issuerWide = undefined;
    else if (plane !== undefined && kind === "key") plane.deleteKey(value);
    else if (plane?.hashValue(value, TABLED[kind as keyof typeof TABLED]) === true)
      this.#table.delete(hashWords);
    if (remaining === undefined) return;
    const { issuedBeforeSeconds, expiresAtMs } = remaining;
    const rest = issuedBeforeSeconds === undefined ? target : { ...target, issuedBeforeSeconds };
    this.add({ target: rest, status, expiresAtMs });
  }

  /**
   * Forgets what expired in the next share (0 to 1) of the list, in turn, and says how many entries of the table that
   * were. To be called now and then: what expired matters no longer, but takes room.
   */
  clearOut(share: number = CLEARED_SHARE): number {
    const nowSeconds = this.#clock() / 1000;
    if (!Number.isFinite(nowSeconds)) return 0;
    for (let count = Math.ceil(this.#issuers.size * share); count > 0; count--) {
      const next = this.#issuersToClear.next();
      if (next.done === true) {
        this.#issuersToClear = this.#issuers.entries();
        break;
      }
      const [name, issuer] = next.value;
      if (issuer.clearOut(nowSeconds)) this.#issuers.delete(name);
    }
    return this.#table.clearOut(nowSeconds, share);
  }

  /** What expired and was not cleared out yet does not count, so that it makes no difference when that is done. */
  #merge(added: SegmentEntry, other: SegmentEntry | undefined): SegmentEntry {
    if (other === undefined || this.#hasPassed(other.expiresSeconds)) return added;
    return {
      expiresSeconds: Math.max(added.expiresSeconds, other.expiresSeconds),
      cutOffSeconds: Math.max(added.cutOffSeconds, other.cutOffSeconds),
    };
  }

  #openIssuer(name: string): IssuerRevocations {
    let issuer = this.#issuers.get(name);
    if (issuer === undefined) {
      if (this.#issuers.size >= MAX_ISSUERS) {
        throw new RevocationListFullError(`expected at most ${MAX_ISSUERS} issuers with revocations`);
      }
      issuer = new IssuerRevocations();
      this.#issuers.set(name, issuer);
    }
    return issuer;
  }

  #concerns(plane: StatusPlane, { claims, keyId }: RevocableToken): boolean {
    const { issuerWide } = plane;
    if (issuerWide !== undefined && this.#isInForce(issuerWide, claims["iat"])) return true;
    const keyExpiry = keyId === undefined ? undefined : plane.findKey(keyId);
    if (keyExpiry !== undefined && !this.#hasPassed(keyExpiry)) return true;
    return (
      (plane.has(TABLED.token) && this.#holds(plane.hashValue(claims["jti"], TABLED.token), claims)) ||
      (plane.has(TABLED.subject) && this.#holds(plane.hashValue(claims["sub"], TABLED.subject), claims)) ||
      (plane.has(TABLED.session) && this.#holds(plane.hashValue(claims["sid"], TABLED.session), claims)) ||
      (plane.has(TABLED.client) && this.#concernsClient(plane, claims))
    );
  }

  /** The client as every dialect names it: a token that names two is of both. */
  #concernsClient(plane: StatusPlane, claims: RevocableToken["claims"]): boolean {
    return (
      this.#holds(plane.hashValue(claims["client_id"], TABLED.client), claims) ||
      this.#holds(plane.hashValue(claims["azp"], TABLED.client), claims) ||
      this.#holds(plane.hashValue(claims["cid"], TABLED.client), claims)
    );
  }

  /** Whether what was hashed last is in the table, in force against a token of these claims. */
  #holds(isHashed: boolean, claims: RevocableToken["claims"]): boolean {
    return (
      isHashed && this.#table.find(hashWords, this.#entry) && this.#isInForce(this.#entry, claims["iat"])
    );
  }

  #isInForce({ expiresSeconds, cutOffSeconds }: SegmentEntry, issuedAt: unknown): boolean {
    if (this.#hasPassed(expiresSeconds)) return false;
    // Issuers round: what was issued in the second of the cut-off may have been issued before it.
    return (
      cutOffSeconds === NO_CUT_OFF || typeof issuedAt !== "number" || Math.floor(issuedAt) <= cutOffSeconds
    );
  }

  /** A clock that gives no time lets nothing pass. */
  #hasPassed(seconds: number): boolean {
    return this.#clock() / 1000 >= seconds;
  }
}

function readBounded(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from 1 to ${most}`);
}
