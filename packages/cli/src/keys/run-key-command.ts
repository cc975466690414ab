import type { GateAnswer, KeyLedger, RotationTiming, TransitionRecord } from "@countersign/signing-keys";
import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { writeJson } from "../output/json-output.ts";
import { explainKeyFailure } from "./explain-key-failure.ts";
import { type KeysFlags, type OpenedKeys, openKeys } from "./open-keys.ts";

/** Opens the keys, does something with them, and closes them whatever happens. @throws CommandFailure */
export async function withKeys(
  flags: KeysFlags,
  work: (keys: OpenedKeys) => Promise<ExitCode>,
  options: { readonly measured?: Partial<RotationTiming> | undefined } = {},
): Promise<ExitCode> {
  try {
    const keys = await openKeys(flags, options);
    try {
      return await work(keys);
    } finally {
      await keys.close();
    }
  } catch (error) {
    throw explainKeyFailure(error);
  }
}

/** The settings of the file come into force with whatever is done next. */
export async function applySettings({ manager, configuration }: OpenedKeys): Promise<void> {
  const { algorithm, timing, maxAgeSeconds, retentionSeconds, backends } = configuration;
  await manager.configure({
    algorithm,
    timing,
    backend: backends[0].backend,
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(retentionSeconds !== undefined && { retentionSeconds }),
  });
}

/** A key as programs see it. */
export function describeKey(key: KeyLedger["keys"][number]): Readonly<Record<string, unknown>> {
  const { keyId, reference, publicJwk, ...rest } = key;
  return { kid: keyId, backend: reference.backend, reference: reference.id, publicJwk, ...rest };
}

export interface DoneReport {
  readonly ledger: KeyLedger;
  readonly records: readonly TransitionRecord[];
  readonly isDryRun: boolean;
  /** Whether the JWKS file was written anew; undefined where there is none. */
  readonly isPublished?: boolean | undefined;
  readonly gates?: readonly GateAnswer[] | undefined;
}

export function writeReport(
  { terminal }: CommandContext,
  report: DoneReport & { readonly more?: Readonly<Record<string, unknown>> },
): void {
  const { ledger, records, isDryRun, isPublished, gates, more } = report;
  writeJson(terminal, {
    issuer: ledger.issuer,
    version: ledger.version,
    dryRun: isDryRun,
    changes: records,
    ...(gates !== undefined && { gates }),
    ...more,
    ...(isPublished !== undefined && { jwksWritten: isPublished }),
    keys: ledger.keys.map(describeKey),
  });
}
