/** How much of a setting another product can hold. */

/**
 * "same": what we refuse it refuses. "stricter": it refuses more. "differs": the same requests pass, but answers, headers
 * or operation are other ones. "weaker": it lets in what we refuse; only by name. "impossible": never converted.
 */
export type ExpressionLevel = "same" | "stricter" | "differs" | "weaker" | "impossible";

/** What becomes of one feature. The text says it in one sentence. */
export interface Expression {
  readonly level: ExpressionLevel;
  readonly text: string;
}

/** One line of a conversion's report. */
export interface ConversionEntry<Feature extends string = string> extends Expression {
  readonly feature: Feature;
  /** Where it stands in the configuration, such as "routes[2].scopes"; "" for what holds everywhere. */
  readonly path: string;
}

/** A generated file. */
export interface ConvertedFile {
  /** Its usual name. */
  readonly name: string;
  readonly text: string;
}
