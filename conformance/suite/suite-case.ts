/** One case of the suite that runs on every runtime: Web APIs only, the library comes as an argument. */

export type Library = typeof import("countersign");

export interface SuiteCase {
  /** A sentence that says what holds. */
  readonly name: string;
  /** Rejects where it does not hold. */
  readonly run: (library: Library) => Promise<void>;
}
