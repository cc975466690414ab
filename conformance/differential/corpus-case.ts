import type { ReasonName } from "countersign";

/** One token of the corpus. */
export interface CorpusCase {
  /** What is wrong with it; a sentence part for the page. */
  readonly name: string;
  readonly token: string;
  /** What this engine says. */
  readonly expected: ReasonName | "ok";
  /** Why it is refused: for the page, where some peer accepts it. */
  readonly why: string;
}

export interface CorpusGroup {
  readonly title: string;
  readonly cases: readonly CorpusCase[];
}
