import type { Configuration } from "@countersign/server";
import type { ConversionEntry, ConvertedFile, Expression } from "./expression.ts";
import type { Feature } from "./features.ts";

/** Another product, and what it can hold of a configuration. */
export interface ConversionTarget {
  readonly title: string;
  /** What becomes of each feature, wherever it is in use. */
  readonly expressions: Readonly<Record<Feature, Expression>>;
  /** What depends on more than the feature itself. */
  findProblems(configuration: Configuration): readonly ConversionEntry<Feature>[];
  /** Writes the files; called only where nothing is impossible. */
  render(configuration: Configuration): readonly ConvertedFile[];
}
