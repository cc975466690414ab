/** A key that leaked, and a key that was taken away by mistake. */

import {
  findKey,
  type InstanceReport,
  type KeyLedger,
  type KeysConfiguration,
  restoreKey,
  revokeKey,
  rotateKeys,
  TransitionRefusedError,
  watchInstances,
} from "@countersign/signing-keys";
import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { type ApiClient, openApi } from "../revoke/api-client.ts";
import { awaitInstances } from "../revoke/await-instances.ts";
import { reportWarning } from "../terminal.ts";
import { readOptions, report, type StepFlags } from "./change-keys.ts";
import { type BlastRadius, measureBlastRadius } from "./measure-blast-radius.ts";
import { openVerifiers } from "./open-gates.ts";
import type { OpenedKeys } from "./open-keys.ts";
import { withKeys } from "./run-key-command.ts";

export interface RevokeKeyFlags extends StepFlags {
  readonly waitSeconds: number;
  /** Files of audit trails. */
  readonly auditLog?: readonly string[];
}

/** For verifiers to trust a restored key again. */
const LIFT_TIMEOUT_MS = 5000;

interface KeyCommand<Flags> {
  readonly keyId: string;
  readonly flags: Flags;
  readonly context: CommandContext;
}

/** What one sidecar was told, and what it said. Those that share a store need to be told once; told twice does no harm. */
export interface ToldVerifier {
  readonly name: string;
  readonly outcome: "added" | "known" | "lifted" | "failed";
  /** Live instances that refuse the key now, and those that do not yet. */
  readonly acknowledged?: readonly string[];
  readonly missing?: readonly string[];
  readonly problem?: string;
}

/**
 * In this order, each as soon as the one before is done: signers switch, verifiers are told, the JWKS goes without the
 * key, another key is made to stand by. What cannot be done does not hold up the rest.
 */
export function revokeSigningKey({ keyId, flags, context }: KeyCommand<RevokeKeyFlags>): Promise<ExitCode> {
  if (flags.emergency !== true) {
    const hints = ["a key that is not wanted any more retires: `countersign keys retire`"];
    throw new CommandFailure("revoking a key is an emergency: add --emergency", {
      exitCode: EXIT.usage,
      hints,
    });
  }
  return withKeys(flags, async (keys) => {
    const { manager, configuration } = keys;
    const started = performance.now();
    const startedAtMs = manager.nowMs;
    await makeSuccessor(keys, { keyId, flags });
    const done = await manager.apply(
      (ledger, about) => revokeKey(ledger, { ...about, keyId }),
      readOptions(flags),
    );
    if (flags.dryRun === true) return report(keys, { flags, context, done: { ...done, isDryRun: true } });
    const told = await tellVerifiers(configuration, { ledger: done.ledger, keyId, flags });
    await keys.publish(done.ledger);
    const standby = await rotateKeys(manager, { begins: false, gates: [HELD], reason: flags.reason });
    const records = [...done.records, ...standby.records];
    const instances = await watchInstances({
      issuer: configuration.issuer,
      keyId,
      verifiers: openVerifiers(configuration),
      waitMs: flags.waitSeconds * 1000,
      startedAtMs,
      elapsedMs: () => performance.now() - started,
    });
    const { auditLog = [] } = flags;
    const blastRadius = auditLog.length === 0 ? null : await measureBlastRadius(auditLog, keyId);
    await report(keys, {
      flags,
      context,
      done: { ledger: standby.ledger, records, isDryRun: false },
      more: { verifiers: told, instances, blastRadius },
    });
    if (flags.json !== true) tellEnd(context, { instances, blastRadius });
    return judgeTold(told, context);
  });
}

/** What was let in last, and in all. */
function tellEnd(
  { terminal }: CommandContext,
  {
    instances,
    blastRadius,
  }: { readonly instances: readonly InstanceReport[]; readonly blastRadius: BlastRadius | null },
): void {
  for (const { verifier, status, lastAcceptedAtMs, acceptedAfterMs = 0, detail } of instances) {
    const when =
      lastAcceptedAtMs === undefined
        ? "accepted no token of it since it started"
        : `last accepted one ${new Date(lastAcceptedAtMs).toISOString()}, ${Math.round(acceptedAfterMs)} ms after the start`;
    terminal.stdout.write(`${verifier}: ${status === "refuses" ? when : detail}\n`);
  }
  if (blastRadius === null) return;
  const { acceptances, subjects, clients, firstAt, lastAt } = blastRadius;
  const span = firstAt === null ? "" : `, from ${firstAt} to ${lastAt ?? firstAt}`;
  terminal.stdout.write(
    `let in by it: ${acceptances} times ${subjects} subjects and ${clients} clients${span}\n`,
  );
}

/** Where nothing could sign instead, a key is made and published first: it is not ripe, but better than the leaked one. */
async function makeSuccessor(
  { manager }: OpenedKeys,
  { keyId, flags }: { readonly keyId: string; readonly flags: StepFlags },
): Promise<void> {
  const ledger = await manager.read();
  const key = findKey(ledger, keyId);
  if (key === undefined) throw new TransitionRefusedError("unknown_key", "there is no key of this kid");
  if (flags.reason === undefined)
    throw new TransitionRefusedError("reason_required", "revoking needs a reason");
  const isAlone = key.state === "active" && !ledger.keys.some(({ state }) => state === "next");
  if (isAlone && flags.dryRun !== true) {
    await rotateKeys(manager, { begins: false, gates: [HELD], reason: flags.reason });
  }
}

/** Nothing else is to happen in an emergency: other keys stay where they are. */
const HELD = {
  name: "emergency",
  check: async () => ({ gate: "emergency", status: "closed", detail: "a key is being revoked" }) as const,
};

interface Telling {
  readonly ledger: KeyLedger;
  readonly keyId: string;
  readonly flags: RevokeKeyFlags;
}

function tellVerifiers(
  { verifiers, issuer }: KeysConfiguration,
  { ledger, keyId, flags }: Telling,
): Promise<readonly ToldVerifier[]> {
  const body = JSON.stringify({
    id: nameRevocation(ledger, keyId),
    target: { kind: "key", issuer, value: keyId },
    reason: flags.reason,
  });
  return Promise.all(
    verifiers.map(async ({ name, admin, apiTokenFile }): Promise<ToldVerifier> => {
      try {
        const api = await openApi({ admin, apiTokenFile });
        const { text } = await api.ask({ method: "POST", path: "/revocations", body });
        const { outcome } = JSON.parse(text) as { readonly outcome: "added" | "known" };
        return { name, outcome, ...(await awaitAll(api, { text, timeoutMs: flags.waitSeconds * 1000 })) };
      } catch (error) {
        return { name, outcome: "failed", problem: describe(error) };
      }
    }),
  );
}

/** Until every live instance has applied what was answered with this position of the feed, or the time is over. */
async function awaitAll(
  api: ApiClient,
  { text, timeoutMs }: { readonly text: string; readonly timeoutMs: number },
): Promise<Required<Pick<ToldVerifier, "acknowledged" | "missing">>> {
  const { position } = JSON.parse(text) as { readonly position: number };
  const { acknowledged, missing } = await awaitInstances(api, { position, timeoutMs });
  return { acknowledged, missing: missing.map(({ id }) => id) };
}

/** The same for the same event, however often the command is repeated; another one after the key was restored. */
function nameRevocation({ history }: KeyLedger, keyId: string): string {
  const event = history.findLast((record) => record.keyId === keyId && record.to === "revoked");
  return `key-${keyId}-${event?.sequence ?? 0}`;
}

function judgeTold(told: readonly ToldVerifier[], { terminal }: CommandContext): ExitCode {
  if (told.length === 0) {
    reportWarning(
      terminal,
      "no verifier is configured: those that are not told trust the key until their copies of the JWKS end (A + C + S)",
    );
  }
  for (const { name, outcome, problem = "", missing = [] } of told) {
    if (outcome === "failed") reportWarning(terminal, `${name} was not told: ${problem}`);
    for (const instance of missing) reportWarning(terminal, `${instance} has not applied it yet`);
  }
  if (told.some(({ outcome }) => outcome === "failed")) return EXIT.unavailable;
  return told.some(({ missing = [] }) => missing.length > 0) ? EXIT.negative : EXIT.ok;
}

/** Back into the JWKS, and where it was revoked, trusted again. */
export function restoreSigningKey({ keyId, flags, context }: KeyCommand<StepFlags>): Promise<ExitCode> {
  return withKeys(flags, async (keys) => {
    const { manager, configuration } = keys;
    const before = await manager.read();
    const done = await manager.apply(
      (ledger, about) => restoreKey(ledger, { ...about, keyId }),
      readOptions(flags),
    );
    if (flags.dryRun === true) return report(keys, { flags, context, done: { ...done, isDryRun: true } });
    // Published before it is trusted: the other order would have verifiers look for it in vain.
    await keys.publish(done.ledger);
    const id = nameRevocation(before, keyId);
    const wasRevoked = !id.endsWith("-0");
    const told = wasRevoked ? await liftAtVerifiers(configuration, { id, reason: flags.reason ?? "" }) : [];
    await report(keys, { flags, context, done: { ...done, isDryRun: false }, more: { verifiers: told } });
    return wasRevoked ? judgeTold(told, context) : EXIT.ok;
  });
}

function liftAtVerifiers(
  { verifiers }: KeysConfiguration,
  { id, reason }: { readonly id: string; readonly reason: string },
): Promise<readonly ToldVerifier[]> {
  const query = new URLSearchParams({ reason }).toString();
  return Promise.all(
    verifiers.map(async ({ name, admin, apiTokenFile }): Promise<ToldVerifier> => {
      try {
        const api = await openApi({ admin, apiTokenFile });
        const { text } = await api.ask({
          method: "DELETE",
          path: `/revocations/${encodeURIComponent(id)}?${query}`,
        });
        return { name, outcome: "lifted", ...(await awaitAll(api, { text, timeoutMs: LIFT_TIMEOUT_MS })) };
      } catch (error) {
        // Another one of the same store has lifted it, or it was never told.
        if (error instanceof CommandFailure && error.exitCode === EXIT.negative)
          return { name, outcome: "known" };
        return { name, outcome: "failed", problem: describe(error) };
      }
    }),
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : "it failed without saying why";
}
