/** Which rules find something in a log: single events, and correlations over them. */

import { type LogEvent, matchesEvent } from "./match-event.ts";
import { type Correlation, isCorrelation, type SigmaRule } from "./sigma-rule.ts";

interface Match {
  readonly rule: string;
  readonly event: LogEvent;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Titles of the rules that find something, each once. @throws SyntaxError for rules that are not understood. */
export function findSigmaHits(rules: readonly SigmaRule[], events: readonly LogEvent[]): ReadonlySet<string> {
  const hits = new Set<string>();
  const matches: Match[] = [];
  for (const event of events) {
    for (const rule of rules) {
      if (isCorrelation(rule) || !matchesEvent(rule, event)) continue;
      hits.add(rule.title);
      matches.push({ rule: rule.name ?? rule.id, event, timeMs: Date.parse(String(event["time"])) });
    }
  }
  for (const rule of rules) if (isCorrelation(rule) && isCorrelated(rule, matches)) hits.add(rule.title);
  return hits;
}

function isCorrelated({ correlation }: Correlation, matches: readonly Match[]): boolean {
  const { rules, timespan } = correlation;
  const concerned = matches
    .filter(({ rule }) => rules.includes(rule))
    .toSorted((a, b) => a.timeMs - b.timeMs);
  const windowMs = readTimespan(timespan);
  const groups = new Map<string, Match[]>();
  for (const match of concerned) {
    const key = JSON.stringify((correlation["group-by"] ?? []).map((field) => match.event[field] ?? null));
    groups.set(key, [...(groups.get(key) ?? []), match]);
  }
  return [...groups.values()].some((group) =>
    group.some((first, index) => {
      const window = group.slice(index).filter(({ timeMs }) => timeMs - first.timeMs <= windowMs);
      return isMet(correlation, window);
    }),
  );
}

/** Whether the matches of one window, in their order, are what is looked for. */
function isMet({ type, rules, condition }: Correlation["correlation"], window: readonly Match[]): boolean {
  const { gte = Number.POSITIVE_INFINITY, field = "" } = condition ?? {};
  switch (type) {
    case "event_count":
      return window.length >= gte;
    case "value_count":
      return new Set(window.flatMap(({ event }) => event[field] ?? [])).size >= gte;
    case "temporal":
      return rules.every((name) => window.some(({ rule }) => rule === name));
    case "temporal_ordered": {
      let next = 0;
      for (const { rule } of window) if (rule === rules[next]) next += 1;
      return next === rules.length;
    }
    default:
      throw new SyntaxError(`unknown correlation: ${String(type)}`);
  }
}

function readTimespan(timespan: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(timespan) ?? [];
  const unitMs = UNITS[unit ?? ""];
  if (unitMs === undefined) throw new SyntaxError(`unknown timespan: ${timespan}`);
  return Number(count) * unitMs;
}
