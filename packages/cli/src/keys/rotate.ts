/** A rotation as far as it goes now, or for as long as it may be waited for. */

import { rename, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import {
  drawPlan,
  planRotation,
  type RotationHold,
  type RotationReport,
  renderRotationMetrics,
  rotateKeys,
  type TransitionRecord,
} from "@countersign/signing-keys";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { describeFileError } from "../file-error.ts";
import { writeJson } from "../output/json-output.ts";
import { renderHolds, renderKeys, renderPlan, renderRecords } from "../output/keys-report.ts";
import { reportWarning } from "../terminal.ts";
import { stepGuarded } from "./guard-step.ts";
import { openGates } from "./open-gates.ts";
import type { KeysFlags, OpenedKeys } from "./open-keys.ts";
import { applySettings, describeKey, withKeys, writeReport } from "./run-key-command.ts";

export interface RotateFlags extends KeysFlags {
  readonly reason?: string;
  readonly dryRun?: true;
  /** Goes on with a rotation and cleans up, and begins none. */
  readonly continue?: true;
  readonly ifOlderThan?: number;
  readonly waitSeconds?: number;
  /** How long verifiers are watched after a promotion. */
  readonly watchSeconds: number;
  /** For Prometheus. */
  readonly metricsFile?: string;
}

export interface PlanFlags extends KeysFlags {
  readonly picture?: string;
  readonly every?: number;
  readonly assumeCache?: number;
  readonly dryRun?: true;
}

/** How often a gate that holds is asked again. */
const GATE_PAUSE_MS = 1000;
/** A clock that steps must not let us sleep for ever. */
const LONGEST_PAUSE_MS = 30_000;

export function rotate(flags: RotateFlags, context: CommandContext): Promise<ExitCode> {
  return withKeys(flags, async (keys) => {
    if (flags.dryRun === true) return tellPlan(keys, { flags, context });
    await applySettings(keys);
    const gates = openGates(keys);
    const deadline = performance.now() + (flags.waitSeconds ?? 0) * 1000;
    const records: TransitionRecord[] = [];
    let begins = flags.continue !== true;
    for (;;) {
      const step = () =>
        rotateKeys(keys.manager, {
          gates,
          begins,
          reason: flags.reason,
          ...(flags.ifOlderThan !== undefined && { minimumAgeSeconds: flags.ifOlderThan }),
        });
      const done = await stepGuarded(keys, { step, watchSeconds: flags.watchSeconds });
      begins = false;
      records.push(...done.records);
      const { isPublished } = done;
      await writeMetrics(flags.metricsFile, done);
      if (done.isRolledBack) {
        reportWarning(context.terminal, "verifiers began to refuse: the key before signs again");
        tellRotation({ ...done, records }, { flags, context, keys, isPublished });
        return EXIT.negative;
      }
      const leftMs = deadline - performance.now();
      const pauseMs = findPause(done, keys.manager.nowMs);
      if (pauseMs === undefined || leftMs <= 0) {
        return tellRotation({ ...done, records }, { flags, context, keys, isPublished });
      }
      await pause(Math.max(1, Math.min(pauseMs, leftMs, LONGEST_PAUSE_MS)));
    }
  });
}

/** Anew or not at all: a collector must not read a part. */
async function writeMetrics(file: string | undefined, done: RotationReport): Promise<void> {
  if (file === undefined) return;
  try {
    await writeFile(`${file}.tmp`, renderRotationMetrics(done));
    await rename(`${file}.tmp`, file);
  } catch (error) {
    const problem = `cannot write ${file}: ${describeFileError(error)}`;
    throw new CommandFailure(problem, { exitCode: EXIT.usage });
  }
}

/** Until something may be due; undefined where the rotation has ended. Destroying keys is not waited for. */
function findPause({ holds, isRotating }: RotationReport, nowMs: number): number | undefined {
  const awaited = holds.filter(({ step }) => step !== "destroy");
  if (!isRotating || awaited.length === 0) return undefined;
  return Math.min(
    ...awaited.map((hold) => (hold.kind === "time" ? Math.max(1, hold.notBeforeMs - nowMs) : GATE_PAUSE_MS)),
  );
}

interface RotationTold {
  readonly flags: RotateFlags;
  readonly context: CommandContext;
  readonly keys: OpenedKeys;
  readonly isPublished: boolean | undefined;
}

function tellRotation(done: RotationReport, { flags, context, keys, isPublished }: RotationTold): ExitCode {
  const { terminal } = context;
  const { ledger, records, holds, isRotating } = done;
  const { nowMs } = keys.manager;
  if (flags.json === true) {
    const more = { rotating: isRotating, holds: holds.map(describeHold) };
    writeReport(context, { ledger, records, isDryRun: false, isPublished, more });
  } else {
    const told = records.length === 0 ? "nothing is due\n" : renderRecords(records, terminal);
    terminal.stdout.write(`${told}${renderHolds(holds, { terminal, nowMs })}${renderKeys(ledger, nowMs)}`);
  }
  const gates = holds.filter((hold) => hold.kind === "gate");
  if (gates.length === 0) return EXIT.ok;
  return gates.every(({ isUnavailable }) => isUnavailable) ? EXIT.unavailable : EXIT.negative;
}

function describeHold({ keyId, ...hold }: RotationHold): Readonly<Record<string, unknown>> {
  return { kid: keyId, ...hold };
}

/** Prints when each step is safe, and why; draws it where that is wanted. */
export function plan(flags: PlanFlags, context: CommandContext): Promise<ExitCode> {
  const measured = flags.assumeCache === undefined ? undefined : { clientCacheSeconds: flags.assumeCache };
  return withKeys(flags, (keys) => tellPlan(keys, { flags, context }), { measured });
}

async function tellPlan(
  { manager }: OpenedKeys,
  { flags, context }: { readonly flags: PlanFlags | RotateFlags; readonly context: CommandContext },
): Promise<ExitCode> {
  const { terminal } = context;
  const ledger = await manager.read();
  const periodSeconds = "every" in flags ? flags.every : undefined;
  const planned = planRotation(ledger, { nowMs: manager.nowMs, measured: manager.measured, periodSeconds });
  if ("picture" in flags && flags.picture !== undefined) {
    await writeFile(flags.picture, drawPlan(ledger, planned)).catch((error: unknown) => {
      const problem = `cannot write ${flags.picture ?? ""}: ${describeFileError(error)}`;
      throw new CommandFailure(problem, { exitCode: EXIT.usage });
    });
  }
  if (flags.json === true) {
    const steps = planned.steps.map(({ keyId, ...step }) => ({ kid: keyId ?? null, ...step }));
    writeJson(terminal, { ...planned, steps, dryRun: flags.dryRun === true });
  } else {
    terminal.stdout.write(renderPlan(planned, terminal));
  }
  return EXIT.ok;
}

export function listKeys(flags: KeysFlags, { terminal }: CommandContext): Promise<ExitCode> {
  return withKeys(flags, async ({ manager }) => {
    const ledger = await manager.read();
    if (flags.json === true) {
      const { issuer, version, algorithm, timing, rotation = null, pending, history } = ledger;
      const keys = ledger.keys.map(describeKey);
      writeJson(terminal, { issuer, version, algorithm, timing, rotation, pending, keys, history });
    } else {
      terminal.stdout.write(renderKeys(ledger, manager.nowMs));
    }
    return EXIT.ok;
  });
}
