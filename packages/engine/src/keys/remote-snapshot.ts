import type { KeySummary, KeysFetchResult } from "../ports.ts";
import type { ExcludedKey } from "./imported-key-set.ts";
import type { CopyPhase } from "./key-copy.ts";

/** How one issuer's remote keys stand. All times are milliseconds since the epoch. */
export interface RemoteKeysSnapshot {
  readonly issuer: string;
  /** The alias. */
  readonly name: string;
  /** Where the key set is; undefined until metadata was read. */
  readonly url: string | undefined;
  readonly phase: CopyPhase;
  readonly keys: readonly KeySummary[];
  readonly refused: readonly ExcludedKey[];
  /** Start of the fetch that last confirmed the copy. */
  readonly confirmedAt: number | undefined;
  readonly refreshAt: number | undefined;
  /** Until when the copy is used if no fetch succeeds again. */
  readonly usableUntil: number | undefined;
  /** An empty or shrunken answer is being held back. */
  readonly isHoldingBack: boolean;
  /** Failed fetches since the last success. */
  readonly failures: number;
  readonly lastFailure: { readonly result: KeysFetchResult; readonly detail: string } | undefined;
  /** Fetches started, each with whatever requests it took. */
  readonly fetches: number;
  readonly clockDifferenceSeconds: number | undefined;
}
