import type { ConfigurationProblem } from "countersign";
import { inspectOptions } from "countersign";

import type { Configuration, RouteAllow } from "./configuration.ts";
import type { AcceptedFinding, ConfigurationFinding } from "./finding.ts";
import { applyExceptions } from "./finding.ts";
import { findWeaknesses } from "./findings.ts";
import { readConfiguration } from "./parse-configuration.ts";
import type { ReferenceSources } from "./references.ts";
import type { RouteRow } from "./route-table.ts";
import { createRouteTable } from "./route-table.ts";
import { toValidatorOptions } from "./validator-options.ts";

/** What a linter shows. */
export interface ConfigurationReport {
  /** With at least one, the configuration is refused as a whole, and the rest is empty. */
  readonly problems: readonly ConfigurationProblem[];
  /** Allowed settings that weaken something. */
  readonly findings: readonly ConfigurationFinding[];
  /** Findings that `exceptions` accept; not among `findings`. */
  readonly accepted: readonly AcceptedFinding[];
  /** Most specific first, as requests are matched; what no row matches is refused. */
  readonly routes: readonly RouteTableRow[];
  /** Only where there are no problems. */
  readonly configuration: Configuration | undefined;
}

/** One row of the printed route table. */
export type RouteTableRow = Pick<RouteRow, "index" | "host" | "path" | "methods" | "unreachable"> & {
  readonly allow: RouteAllow;
  /** What clients are told to ask for. */
  readonly scopes: readonly string[];
  /** True where `require` asks for more than scopes. */
  readonly requires: boolean;
  readonly shadow: boolean;
  readonly preflight: boolean;
  /** The name of where the proxy forwards it to; absent for the one that all have. */
  readonly upstream?: string;
};

/** Checks the text of a configuration without starting anything. Never throws for what the text contains. */
export function checkConfiguration(text: string, sources: ReferenceSources): ConfigurationReport {
  const reading = readConfiguration(text, sources);
  if (!reading.ok)
    return { problems: reading.problems, findings: [], accepted: [], routes: [], configuration: undefined };
  const { configuration } = reading;
  const table = createRouteTable(configuration.routes);
  const { optOuts } = inspectOptions(toValidatorOptions(configuration));
  return {
    problems: [],
    ...applyExceptions(findWeaknesses(configuration, { table, optOuts }), configuration),
    routes: table.rows.map(({ index, host, path, methods, unreachable, route }) => {
      return {
        index,
        host,
        path,
        methods,
        unreachable,
        allow: route.allow,
        scopes: route.scopes ?? [],
        requires: route.require !== undefined,
        shadow: route.shadow === true,
        preflight: route.preflight === "allow",
        ...(route.upstream !== undefined && { upstream: route.upstream }),
      };
    }),
    configuration,
  };
}
