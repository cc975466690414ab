/** What is asked of a figure of the run. */

/** A subject in a case. */
export interface FigurePlace {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  /** Beginning of the runtime, where a subject has several. */
  readonly runtime?: string;
}

/** How a figure comes about. All but `bytes` are of CPU an operation; of two, round by round where they shared rounds. */
export type Figure =
  | { readonly kind: "micros"; readonly of: FigurePlace }
  | { readonly kind: "difference"; readonly of: FigurePlace; readonly to: FigurePlace }
  | { readonly kind: "ratio"; readonly of: FigurePlace; readonly to: FigurePlace }
  /** Operations a second. */
  | { readonly kind: "rate ratio"; readonly of: FigurePlace; readonly to: FigurePlace }
  /** Milliseconds that one in a hundred waits longer. */
  | { readonly kind: "p99 difference"; readonly of: FigurePlace; readonly to: FigurePlace }
  | { readonly kind: "bytes"; readonly of: FigurePlace }
  | { readonly kind: "bytes ratio"; readonly of: FigurePlace; readonly to: FigurePlace };

export interface Target {
  readonly text: string;
  readonly figure: Figure;
  /** Exactly one of both. */
  readonly atMost?: number;
  readonly atLeast?: number;
}
