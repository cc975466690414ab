import type { Peer } from "../config/trusted-proxies.ts";
import type { Answer } from "../decision/http-answer.ts";

/** A request as its server gives it: what is asked stands in its header section. */
export interface Question {
  readonly method: string;
  /** As it came: nothing decoded, nothing resolved. */
  readonly target: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  /**
   * The body as UTF-8; undefined where it is longer than `maxBytes`, and then the rest is not read. Rejects where it does
   * not come whole. Gateways ask without one.
   */
  readBody?(maxBytes: number): Promise<string | undefined>;
  /**
   * True where the server resolved the target and joined repeated header fields with commas: neither can be told
   * from what came that way, so nothing may depend on it. Default false.
   */
  readonly isEdited?: boolean;
}

/** Answers at once, unless it has to wait. Never throws and never rejects. */
export type AnswerQuestion = (question: Question) => Answer | Promise<Answer>;
