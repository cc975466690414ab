import { inspectOptions } from "countersign";

import type { Configuration } from "./configuration.ts";
import { applyExceptions, type ConfigurationFinding } from "./finding.ts";
import { findWeaknesses } from "./findings.ts";
import { createRouteTable } from "./route-table.ts";
import { toValidatorOptions } from "./validator-options.ts";

export interface Weakness extends ConfigurationFinding {
  /** Whether `exceptions` says why. */
  readonly isAccepted: boolean;
}

/** What a valid configuration weakens, as `countersign check` finds it, with what it accepts. */
export function listWeaknesses(configuration: Configuration): readonly Weakness[] {
  const table = createRouteTable(configuration.routes);
  const { optOuts } = inspectOptions(toValidatorOptions(configuration));
  const { findings, accepted } = applyExceptions(
    findWeaknesses(configuration, { table, optOuts }),
    configuration,
  );
  return [
    ...findings.map((finding) => ({ ...finding, isAccepted: false })),
    ...accepted.map((finding) => ({ ...finding, isAccepted: true })),
  ];
}
