/** From a configuration to another product's, or to the reasons why not. */

import type { Configuration } from "@countersign/server";
import type { ConversionTarget } from "./conversion-target.ts";
import type { ConversionEntry, ConvertedFile } from "./expression.ts";
import type { Feature } from "./features.ts";
import { listFeatureUses } from "./features.ts";

/** What came of a conversion. */
export interface Conversion {
  /** All that is not the same over there. */
  readonly entries: readonly ConversionEntry[];
  /** Features that would become weaker and were not named. */
  readonly unaccepted: readonly string[];
  /** Features that were named without becoming weaker: a later weakness would hide behind them. */
  readonly needless: readonly string[];
  /** Empty where something is impossible, unaccepted or needless. */
  readonly files: readonly ConvertedFile[];
}

/** Converts; what would let in more than before only where `acceptWeaker` names it. Deterministic; fetches nothing. */
export function convertConfiguration(
  configuration: Configuration,
  { target, acceptWeaker }: { readonly target: ConversionTarget; readonly acceptWeaker: ReadonlySet<string> },
): Conversion {
  const entries: readonly ConversionEntry<Feature>[] = [
    ...listFeatureUses(configuration).map((use) => ({ ...use, ...target.expressions[use.feature] })),
    ...target.findProblems(configuration),
  ].filter(({ level }) => level !== "same");
  const weaker = new Set<string>(
    entries.filter(({ level }) => level === "weaker").map(({ feature }) => feature),
  );
  const unaccepted = [...weaker].filter((feature) => !acceptWeaker.has(feature));
  const needless = [...acceptWeaker].filter((feature) => !weaker.has(feature));
  const refused =
    unaccepted.length > 0 || needless.length > 0 || entries.some(({ level }) => level === "impossible");
  return { entries, unaccepted, needless, files: refused ? [] : target.render(configuration) };
}
