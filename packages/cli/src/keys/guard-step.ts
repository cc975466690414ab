/** One call of a rotation, and where a key began to sign in it, a while of watching how verifiers take that. */

import { guardPromotion, prepareGuard, type RotationReport } from "@countersign/signing-keys";
import { openVerifiers } from "./open-gates.ts";
import type { OpenedKeys } from "./open-keys.ts";

export interface GuardedStep extends RotationReport {
  /** Whether the JWKS file was written anew; undefined where there is none. */
  readonly isPublished: boolean | undefined;
  readonly isRolledBack: boolean;
}

export async function stepGuarded(
  { manager, configuration, publish }: OpenedKeys,
  { step, watchSeconds }: { readonly step: () => Promise<RotationReport>; readonly watchSeconds: number },
): Promise<GuardedStep> {
  const verifiers = openVerifiers(configuration);
  const guard = verifiers.length === 0 ? undefined : await prepareGuard(configuration.issuer, verifiers);
  const done = await step();
  // Whoever waits for the JWKS need not wait for us.
  const isPublished = await publish(done.ledger);
  const isPromoted = done.records.some(({ to }) => to === "active");
  if (guard === undefined || !isPromoted) return { ...done, isPublished, isRolledBack: false };
  const { isRolledBack, records } = await guardPromotion({
    manager,
    verifiers,
    guard,
    watchMs: watchSeconds * 1000,
  });
  if (!isRolledBack) return { ...done, isPublished, isRolledBack };
  const ledger = await manager.read();
  return {
    ledger,
    records: [...done.records, ...records],
    holds: [],
    isRotating: false,
    isPublished,
    isRolledBack,
  };
}
