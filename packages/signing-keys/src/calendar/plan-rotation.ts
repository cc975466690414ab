/** The steps of the next rotation, each with the instant from which it is safe and why not before. */

import { findBounds, findPromoteTime, findRemoveTime } from "../lifecycle/deadlines.ts";
import {
  findActive,
  isPublished,
  type KeyLedger,
  type KeyRecord,
  listNext,
} from "../lifecycle/key-ledger.ts";
import type { RotationBounds } from "../planner/bounds.ts";
import type { RotationTiming } from "../planner/timing.ts";

export type PlannedAction = "publish" | "promote" | "remove" | "destroy";

export interface PlannedStep {
  readonly action: PlannedAction;
  /** Undefined for a key that is still to be made. */
  readonly keyId: string | undefined;
  /** Milliseconds since the epoch; never before now. */
  readonly notBeforeMs: number;
  /** For people. */
  readonly reason: string;
}

export interface RotationPlan {
  readonly issuer: string;
  readonly nowMs: number;
  readonly bounds: RotationBounds;
  readonly steps: readonly PlannedStep[];
  /** The least time from one rotation to the next with which at most three keys are published. */
  readonly shortestPeriodMs: number;
  /** What to think about, for people. */
  readonly warnings: readonly string[];
}

export interface PlanQuery {
  readonly nowMs: number;
  readonly measured?: Partial<RotationTiming> | undefined;
  /** How often rotations are meant to be. */
  readonly periodSeconds?: number | undefined;
}

/** Where a rotation is under way, its rest; otherwise one that begins now. */
export function planRotation(ledger: KeyLedger, query: PlanQuery): RotationPlan {
  const { nowMs, measured, periodSeconds } = query;
  const active = findActive(ledger);
  const bounds = findBounds(ledger, { nowMs, measured, key: active });
  const isPromoted = ledger.rotation !== undefined && ledger.rotation.fromKeyId !== active?.keyId;
  const forward = isPromoted || active === undefined ? [] : planForward(ledger, { query, bounds, active });
  const steps = [...forward, ...planCleanUp(ledger, query)];
  const shortestPeriodMs = bounds.promote.ms + bounds.remove.ms;
  return {
    issuer: ledger.issuer,
    nowMs,
    bounds,
    steps: steps.toSorted((left, right) => left.notBeforeMs - right.notBeforeMs),
    shortestPeriodMs,
    warnings: findWarnings(ledger, { bounds, shortestPeriodMs, periodSeconds, nowMs }),
  };
}

interface ForwardQuery {
  readonly query: PlanQuery;
  readonly bounds: RotationBounds;
  readonly active: KeyRecord;
}

/** Publish the one after, promote the one that waits, remove the one that signed, destroy it. */
function planForward(ledger: KeyLedger, { query, bounds, active }: ForwardQuery): readonly PlannedStep[] {
  const { nowMs } = query;
  const next = listNext(ledger);
  const missing = Math.max(0, 2 - next.length);
  const published = Array.from({ length: missing }, (): PlannedStep => {
    const reason = "the key after the next: it stands by from the moment that the next one signs";
    return { action: "publish", keyId: undefined, notBeforeMs: nowMs, reason };
  });
  const ripe = [
    ...next.slice(0, 2).map((key) => findPromoteTime(ledger, key, query) ?? nowMs),
    ...published.map(() => nowMs + bounds.promote.ms),
  ];
  const promoteMs = Math.max(nowMs, ...ripe);
  const removeMs = promoteMs + bounds.remove.ms;
  return [
    ...published,
    {
      action: "promote",
      keyId: next[0]?.keyId,
      notBeforeMs: promoteMs,
      reason: `G = ${bounds.promote.formula} after it was published; and the one that stands by then is ripe too`,
    },
    {
      action: "remove",
      keyId: active.keyId,
      notBeforeMs: removeMs,
      reason: `H = ${bounds.remove.formula} after it signed last`,
    },
    {
      action: "destroy",
      keyId: active.keyId,
      notBeforeMs: removeMs + ledger.retentionSeconds * 1000,
      reason: "until then a removal by mistake can be taken back",
    },
  ];
}

function planCleanUp(ledger: KeyLedger, query: PlanQuery): readonly PlannedStep[] {
  const { nowMs } = query;
  return ledger.keys.flatMap((key): readonly PlannedStep[] => {
    const { keyId } = key;
    if (key.state === "retiring") {
      const removeMs = Math.max(nowMs, findRemoveTime(ledger, key, query) ?? nowMs);
      const reason = `H = ${findBounds(ledger, { ...query, key }).remove.formula} after it signed last`;
      const destroyMs = removeMs + ledger.retentionSeconds * 1000;
      return [
        { action: "remove", keyId, notBeforeMs: removeMs, reason },
        { action: "destroy", keyId, notBeforeMs: destroyMs, reason: "until then it can be restored" },
      ];
    }
    if (key.destroyAtMs === undefined || key.destroyedAtMs !== undefined) return [];
    const notBeforeMs = Math.max(nowMs, key.destroyAtMs);
    return [{ action: "destroy", keyId, notBeforeMs, reason: "until then it can be restored" }];
  });
}

interface WarningQuery extends Pick<RotationPlan, "bounds" | "shortestPeriodMs" | "nowMs"> {
  readonly periodSeconds: number | undefined;
}

function findWarnings(ledger: KeyLedger, query: WarningQuery): readonly string[] {
  const { bounds, shortestPeriodMs, periodSeconds, nowMs } = query;
  const warnings: string[] = [];
  for (const { symbol, name, seconds, source, configuredSeconds } of [
    ...bounds.promote.terms,
    ...bounds.remove.terms,
  ]) {
    if (source === "measured") {
      warnings.push(
        `${symbol}: ${seconds} s were measured, and ${name} says ${configuredSeconds} s; raise it`,
      );
    }
    if (source === "former") {
      warnings.push(`${symbol}: still ${seconds} s, as before ${name} was lowered to ${configuredSeconds} s`);
    }
  }
  if (periodSeconds !== undefined && periodSeconds * 1000 < shortestPeriodMs) {
    warnings.push(
      `a rotation every ${periodSeconds} s is more often than G + H = ${shortestPeriodMs / 1000} s: more than three keys would be published`,
    );
  }
  if (ledger.pending.length > 0) {
    const labels = ledger.pending.map(({ label }) => label).join(", ");
    warnings.push(`the back end may hold keys that were never taken in: look for ${labels}`);
  }
  const hasRipe = listNext(ledger).some((key) => (key.promoteAtMs ?? 0) <= nowMs);
  if (ledger.keys.some(isPublished) && !hasRipe) {
    warnings.push("no key that stands by is ripe: an emergency now would cost refusals for a while");
  }
  return warnings;
}
