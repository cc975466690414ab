/** Keys, steps and plans as lines for people. */

import {
  findPromoteTime,
  findRemoveTime,
  type KeyLedger,
  type KeyRecord,
  type RotationHold,
  type RotationPlan,
  type TransitionRecord,
} from "@countersign/signing-keys";
import type { Terminal } from "../terminal.ts";
import { alignColumns } from "./columns.ts";
import { renderMark } from "./marks.ts";
import { escapeUnprintable } from "./printable.ts";
import { formatDistance, formatInstant } from "./time-text.ts";

const ORDER = ["active", "next", "retiring", "generated", "removed", "revoked", "destroyed"] as const;

/** The keys of a ledger, those that matter most first. */
export function renderKeys(ledger: KeyLedger, nowMs: number): string {
  const sorted = ledger.keys.toSorted(
    (left, right) => ORDER.indexOf(left.state) - ORDER.indexOf(right.state),
  );
  const rows = sorted.map((key) => [
    key.state,
    key.keyId,
    key.algorithm,
    key.reference.backend,
    describeState(ledger, { key, nowMs }),
  ]);
  const rotating = ledger.rotation === undefined ? "" : `, rotating away from ${ledger.rotation.fromKeyId}`;
  return [
    `${escapeUnprintable(ledger.issuer)}, version ${ledger.version}${rotating}`,
    ...alignColumns(rows),
    ...ledger.pending.map(
      ({ label }) => `  ! the back end may hold a key "${label}" that was never taken in`,
    ),
    "",
  ].join("\n");
}

function describeState(
  ledger: KeyLedger,
  { key, nowMs }: { readonly key: KeyRecord; readonly nowMs: number },
): string {
  const query = { nowMs };
  switch (key.state) {
    case "generated":
      return `made ${formatWhen(key.generatedAtMs, nowMs)}, not published`;
    case "next": {
      const promoteMs = findPromoteTime(ledger, key, query) ?? nowMs;
      return promoteMs <= nowMs ? "ripe" : `ripe ${formatWhen(promoteMs, nowMs)}`;
    }
    case "active":
      return `signs since ${formatWhen(key.activatedAtMs ?? nowMs, nowMs)}`;
    case "retiring": {
      const removeMs = findRemoveTime(ledger, key, query) ?? nowMs;
      return removeMs <= nowMs ? "may leave the JWKS" : `may leave the JWKS ${formatWhen(removeMs, nowMs)}`;
    }
    case "removed":
      return `can be restored until ${formatWhen(key.destroyAtMs ?? nowMs, nowMs)}`;
    case "destroyed":
      return `destroyed ${formatWhen(key.destroyedAtMs ?? nowMs, nowMs)}`;
    case "revoked":
      return `revoked ${formatWhen(key.revokedAtMs ?? nowMs, nowMs)}`;
  }
}

function formatWhen(ms: number, nowMs: number): string {
  const instant = formatInstant(ms / 1000) ?? "at no time";
  return `${instant} (${formatDistance(ms / 1000, nowMs / 1000)})`;
}

export function renderRecords(
  records: readonly TransitionRecord[],
  { paint }: Pick<Terminal, "paint">,
): string {
  return records
    .map(({ action, keyId, from, to }) => {
      return `${renderMark("good", paint)} ${action.padEnd(8)} ${keyId}  ${from} → ${to}\n`;
    })
    .join("");
}

export function renderHolds(
  holds: readonly RotationHold[],
  { terminal: { paint }, nowMs }: { readonly terminal: Pick<Terminal, "paint">; readonly nowMs: number },
): string {
  const lines = holds.flatMap((hold) => {
    if (hold.kind === "time") {
      const when = formatWhen(hold.notBeforeMs, nowMs);
      return [`${renderMark("skipped", paint)} ${hold.step.padEnd(8)} ${hold.keyId}  not before ${when}`];
    }
    return [
      `${renderMark("bad", paint)} ${hold.step.padEnd(8)} ${hold.keyId}  held`,
      ...hold.gates.map(({ gate, status, detail }) => {
        const mark = status === "open" ? "good" : status === "closed" ? "bad" : "attention";
        return `    ${renderMark(mark, paint)} ${gate}: ${escapeUnprintable(detail)}`;
      }),
    ];
  });
  return lines.map((line) => `${line}\n`).join("");
}

export function renderPlan(plan: RotationPlan, { paint }: Pick<Terminal, "paint">): string {
  const lines: string[] = [];
  for (const bound of [plan.bounds.promote, plan.bounds.remove]) {
    lines.push(`${bound.symbol} = ${bound.formula} = ${bound.ms / 1000} s`);
    lines.push(
      ...alignColumns(
        bound.terms.map(({ symbol, factor, seconds, source, reason }) => {
          return [symbol, `${factor === 1 ? "" : `${factor} × `}${seconds} s`, source, reason];
        }),
      ),
    );
  }
  lines.push("");
  lines.push(
    ...alignColumns(
      plan.steps.map(({ action, keyId, notBeforeMs, reason }) => [
        formatWhen(notBeforeMs, plan.nowMs),
        action,
        keyId ?? "a new key",
        reason,
      ]),
    ),
  );
  lines.push(
    `at most three keys are published where rotations are at least ${plan.shortestPeriodMs / 1000} s apart`,
  );
  for (const warning of plan.warnings)
    lines.push(`${renderMark("attention", paint)} ${escapeUnprintable(warning)}`);
  return `${lines.join("\n")}\n`;
}
