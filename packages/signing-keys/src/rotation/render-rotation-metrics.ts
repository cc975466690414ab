/** What a controller tells Prometheus of a rotation: for a textfile collector, or an endpoint of one's own. */

import { GATE_NAMES } from "../gates/create-gates.ts";
import { KEY_STATES, type KeyLedger } from "../lifecycle/key-ledger.ts";
import type { RotationHold, RotationReport } from "./rotate-keys.ts";

/** The Prometheus text format. Every gate and every state of each key has a series, so that a change is seen. */
export function renderRotationMetrics({
  ledger,
  holds,
  isRotating,
}: Omit<RotationReport, "records">): string {
  const { issuer } = ledger;
  const blocked = new Set(listBlocking(holds));
  const gates = [...new Set([...GATE_NAMES, ...blocked])];
  const next = findNextTransition(holds);
  return [
    head("countersign_rotation_in_progress", "Whether keys of the issuer are being rotated."),
    line("countersign_rotation_in_progress", { issuer }, isRotating ? 1 : 0),
    head("countersign_rotation_blocked", "Whether this gate holds a step whose time has come."),
    ...gates.map((gate) => line("countersign_rotation_blocked", { issuer, gate }, blocked.has(gate) ? 1 : 0)),
    head("countersign_key_state", "Which state each key is in."),
    ...ledger.keys.flatMap(({ keyId: kid, state }) =>
      KEY_STATES.map((each) =>
        line("countersign_key_state", { issuer, kid, state: each }, each === state ? 1 : 0),
      ),
    ),
    head("countersign_key_next_transition_timestamp_seconds", "When the next step may be taken."),
    ...(next === undefined
      ? []
      : [line("countersign_key_next_transition_timestamp_seconds", { issuer }, next / 1000)]),
    "",
  ].join("\n");
}

/** The gates that hold a step: the label `gate`. */
function listBlocking(holds: readonly RotationHold[]): readonly string[] {
  return holds.flatMap((hold) => {
    if (hold.kind === "time") return [];
    return hold.gates.filter(({ status }) => status !== "open").map(({ gate }) => gate);
  });
}

function findNextTransition(holds: readonly RotationHold[]): number | undefined {
  const times = holds.flatMap((hold) => (hold.kind === "time" ? [hold.notBeforeMs] : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

function head(name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge`;
}

function line(name: string, labels: Readonly<Record<string, KeyLedger["issuer"]>>, value: number): string {
  const text = Object.entries(labels).map(([label, each]) => `${label}="${escapeLabel(each)}"`);
  return `${name}{${text.join(",")}} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
