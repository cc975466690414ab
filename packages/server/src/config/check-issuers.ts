import type { ConfigurationProblem, ValidatorOptions } from "countersign";
import { inspectOptions } from "countersign";

/** What the library finds wrong with its part of the configuration. No key is fetched. */
export function checkIssuers(options: ValidatorOptions): readonly ConfigurationProblem[] {
  return inspectOptions(options).problems;
}
