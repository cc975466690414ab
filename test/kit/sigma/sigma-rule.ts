/** Sigma rules as far as ours go: single events, and correlations of specification 2.1. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";

export type SigmaValue = string | number | boolean | null;

/** Fields, each with what it has to be; a list is any of them. */
export type Selection = Readonly<Record<string, SigmaValue | readonly SigmaValue[]>>;

interface RuleHead {
  readonly title: string;
  readonly id: string;
  readonly name?: string;
  readonly level: "informational" | "low" | "medium" | "high" | "critical";
}

export interface EventRule extends RuleHead {
  readonly logsource: { readonly product: string; readonly service: string };
  readonly detection: { readonly condition: string } & Readonly<
    Record<string, Selection | readonly Selection[] | string>
  >;
}

export interface Correlation extends RuleHead {
  readonly correlation: {
    readonly type: "event_count" | "value_count" | "temporal" | "temporal_ordered";
    readonly rules: readonly string[];
    readonly "group-by"?: readonly string[];
    readonly timespan: string;
    readonly condition?: { readonly gte: number; readonly field?: string };
  };
}

export type SigmaRule = EventRule | Correlation;

/** All rules of a folder, in the order of its files. */
export function readSigmaRules(folder: string): readonly SigmaRule[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yml"))
    .sort()
    .flatMap((name) =>
      parseAllDocuments(readFileSync(path.join(folder, name), "utf8")).map(
        (document) => document.toJS() as SigmaRule,
      ),
    );
}

export function isCorrelation(rule: SigmaRule): rule is Correlation {
  return "correlation" in rule;
}
