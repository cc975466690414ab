/** What a check of ours found wrong, and where. */
export interface Finding {
  /** Relative to the repository's root. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}
