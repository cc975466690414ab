/** Where it is kept which token has which index in which status list. One contract, several stores. */

/** What of a token tells, as long as it lives, whether it is revoked. */
export interface IndexedToken {
  readonly jti: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** As they are in the token, where they are. */
  readonly sub?: string;
  readonly sid?: string;
  readonly client_id?: string;
  readonly iat?: number;
  /** The `kid` that it is signed with. */
  readonly kid?: string;
}

export interface StatusIndex {
  /** Counts lists as they are begun; see `chooseFirstList`. Never used again. */
  readonly list: number;
  /** Chosen at random; never used again. */
  readonly index: number;
}

export interface StatusEntry {
  readonly index: number;
  readonly token: IndexedToken;
}

export interface AllocationRequest {
  /** The exact `iss`. */
  readonly issuer: string;
  /** Statuses of a list that is begun; 8 to 1048576, a multiple of 8. */
  readonly capacity: number;
  /** At most `MAX_ALLOCATED`. */
  readonly tokens: readonly IndexedToken[];
}

/** All of a method's work is bounded in size and time; what could not be done in time rejects. */
export interface StatusIndexStore {
  /**
   * An index for each token, in their order; one that has an index keeps it. Durable once it resolves.
   *
   * @throws StatusIndexesFullError where there are too many lists already.
   * @throws StoreUnavailableError
   */
  allocate(request: AllocationRequest): Promise<readonly StatusIndex[]>;
  /** Lists with tokens that may not have expired, in order. */
  listLists(issuer: string): Promise<readonly number[]>;
  /** All entries of a list, in pages; one may come twice. None where there is no such list. */
  readPages(issuer: string, list: number): AsyncIterable<readonly StatusEntry[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** There is no room for more tokens until some of them expire. */
export class StatusIndexesFullError extends Error {
  override readonly name = "StatusIndexesFullError";
}

export const MAX_ALLOCATED = 500;
/** Lists of one issuer that are in use at a time. */
export const MAX_LISTS = 64;
/** How long a list outlives its last token: clocks differ. */
export const LIST_GRACE_MS = 600_000;
/** Share of a list that is given away, so that a free place is found at random in a few tries; the rest are decoys. */
const FILL = 0.75;

/**
 * The number of an issuer's first list: seconds since the epoch. Where a store was lost, or ended with its process, no list
 * begins under a number that tokens name already: theirs is found nowhere, and so they are refused rather than all valid.
 */
export function chooseFirstList(nowMs: number): number {
  return Number.isFinite(nowMs) && nowMs >= 1000 ? Math.floor(nowMs / 1000) : 1;
}

/** Tokens that a list takes before the next is begun. */
export function countPlaces(capacity: number): number {
  return Math.floor(capacity * FILL);
}

/** @throws RangeError */
export function checkAllocation({ capacity, tokens }: AllocationRequest): void {
  if (!Number.isInteger(capacity) || capacity % 8 !== 0 || capacity < 8 || capacity > 1_048_576) {
    throw new RangeError("capacity: expected a multiple of 8 from 8 to 1048576");
  }
  if (tokens.length > MAX_ALLOCATED) throw new RangeError(`tokens: expected at most ${MAX_ALLOCATED}`);
  for (const { jti, expiresAtMs } of tokens) {
    if (jti === "" || jti.length > 1024) throw new RangeError("jti: expected 1 to 1024 characters");
    if (!Number.isSafeInteger(expiresAtMs)) throw new RangeError("expiresAtMs: expected whole milliseconds");
  }
}

export function createFullError(): StatusIndexesFullError {
  return new StatusIndexesFullError(
    `expected at most ${MAX_LISTS} status lists in use; begin with larger ones, or issue shorter tokens`,
  );
}
