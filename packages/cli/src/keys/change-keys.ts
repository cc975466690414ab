/** One step of one key, asked for by name. */

import {
  findActive,
  findKey,
  type KeyLedger,
  type LedgerStep,
  listNext,
  promoteKey,
  removeKey,
  type StepOptions,
  startKeys,
  TransitionRefusedError,
  withdrawKey,
} from "@countersign/signing-keys";
import type { CommandContext } from "../command-context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { renderKeys, renderRecords } from "../output/keys-report.ts";
import { openGates } from "./open-gates.ts";
import type { KeysFlags, OpenedKeys } from "./open-keys.ts";
import { applySettings, type DoneReport, withKeys, writeReport } from "./run-key-command.ts";

export interface StepFlags extends KeysFlags {
  readonly reason?: string;
  readonly emergency?: true;
  readonly dryRun?: true;
}

export type NamedStep = "promote" | "retire" | "remove";

export function initializeKeys(flags: StepFlags, context: CommandContext): Promise<ExitCode> {
  return withKeys(flags, async (keys) => {
    const { configuration, manager } = keys;
    const { issuer, algorithm, timing, maxAgeSeconds, retentionSeconds, backends } = configuration;
    if (flags.dryRun === true) {
      const [{ backend }] = backends;
      const found = await manager.find();
      const would = found === undefined ? "an active key and one that stands by" : "nothing: there are keys";
      context.terminal.stdout.write(
        flags.json === true
          ? `${JSON.stringify({ dryRun: true, issuer, algorithm, backend, exists: found !== undefined })}\n`
          : `${issuer}: would make ${would} (${algorithm}, ${backend})\n`,
      );
      return EXIT.ok;
    }
    const { records } = await startKeys(manager, {
      issuer,
      algorithm,
      timing,
      backend: backends[0].backend,
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
      ...(retentionSeconds !== undefined && { retentionSeconds }),
    });
    await applySettings(keys);
    const ledger = await manager.read();
    return report(keys, { flags, context, done: { ledger, records, isDryRun: false } });
  });
}

/** Promotes, retires or removes; `keyId` may be left out where it is clear which key is meant. */
export function changeKey(
  name: NamedStep,
  {
    keyId,
    flags,
    context,
  }: { readonly keyId: string | undefined; readonly flags: StepFlags; readonly context: CommandContext },
): Promise<ExitCode> {
  return withKeys(flags, async (keys) => {
    const { manager } = keys;
    if (flags.dryRun !== true) await applySettings(keys);
    const { step, meant } = chooseStep(name, keyId, await manager.read());
    const isEmergency = flags.emergency === true;
    // In an emergency nobody waits for verifiers to answer.
    const gates = isEmergency || step === "withdraw" ? [] : openGates(keys);
    const apply: LedgerStep = (ledger, about) => STEPS[step](ledger, { ...about, keyId: meant });
    const done = await manager.apply(apply, {
      ...readOptions(flags),
      ...(step !== "withdraw" && { gated: { step, keyId: () => meant, gates } }),
    });
    return report(keys, { flags, context, done: { ...done, isDryRun: flags.dryRun === true } });
  });
}

const STEPS = { promote: promoteKey, remove: removeKey, withdraw: withdrawKey } as const;

interface ChosenStep {
  readonly step: keyof typeof STEPS;
  readonly meant: string;
}

/** An active key retires by the promotion of its successor: there is no moment without a key that signs. */
function chooseStep(name: NamedStep, keyId: string | undefined, ledger: KeyLedger): ChosenStep {
  if (name === "promote") return { step: "promote", meant: keyId ?? requireFirst(ledger) };
  if (name === "remove") return { step: "remove", meant: keyId ?? requireRetiring(ledger) };
  const meant = keyId ?? findActive(ledger)?.keyId ?? "";
  const key = findKey(ledger, meant);
  return key?.state === "active"
    ? { step: "promote", meant: requireFirst(ledger) }
    : { step: "withdraw", meant };
}

function requireFirst(ledger: KeyLedger): string {
  const [first] = listNext(ledger);
  if (first !== undefined) return first.keyId;
  throw new TransitionRefusedError("no_successor", "no key is published that could sign");
}

function requireRetiring(ledger: KeyLedger): string {
  const [first, ...more] = ledger.keys.filter(({ state }) => state === "retiring");
  if (first !== undefined && more.length === 0) return first.keyId;
  throw new TransitionRefusedError(
    "unknown_key",
    `${more.length === 0 ? "no key retires" : "more than one key retires"}; name it`,
  );
}

export function readOptions({ reason, emergency, dryRun }: StepFlags): StepOptions {
  return { reason, isEmergency: emergency === true, isDryRun: dryRun === true };
}

interface ReportQuery {
  readonly flags: KeysFlags;
  readonly context: CommandContext;
  readonly done: DoneReport;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Publishes what has changed and tells it. */
export async function report(
  keys: OpenedKeys,
  { flags, context, done, more }: ReportQuery,
): Promise<ExitCode> {
  const { terminal } = context;
  const isPublished = done.isDryRun ? undefined : await keys.publish(done.ledger);
  if (flags.json === true) {
    writeReport(context, { ...done, isPublished, ...(more !== undefined && { more }) });
    return EXIT.ok;
  }
  const prefix = done.isDryRun ? "would do, and changed nothing:\n" : "";
  const records = done.records.length === 0 ? "nothing to do\n" : renderRecords(done.records, terminal);
  terminal.stdout.write(`${prefix}${records}${renderKeys(done.ledger, keys.manager.nowMs)}`);
  return EXIT.ok;
}
