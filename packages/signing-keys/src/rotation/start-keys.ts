import { findActive, listNext, type TransitionRecord } from "../lifecycle/key-ledger.ts";
import type { LedgerOptions } from "../lifecycle/settings.ts";
import { promoteKey, publishKey } from "../lifecycle/transitions.ts";
import type { KeyManager, StepResult } from "./key-manager.ts";

/**
 * Makes the ledger, a key that signs at once and one that stands by. The first need not wait: nobody holds a copy of a
 * JWKS that has never been there. May be cut short and called again.
 */
export async function startKeys(manager: KeyManager, options: LedgerOptions): Promise<StepResult> {
  await manager.start(options);
  const records: TransitionRecord[] = [];
  for (;;) {
    const ledger = await manager.read();
    const next = listNext(ledger)[0];
    const isComplete = findActive(ledger) !== undefined && next !== undefined;
    if (isComplete) return { ledger, records };
    const made = ledger.keys.find(({ state }) => state === "generated");
    const step =
      findActive(ledger) === undefined && next !== undefined
        ? manager.apply((current, context) => {
            if (findActive(current) !== undefined) return current;
            return promoteKey(current, { ...context, keyId: next.keyId });
          })
        : made === undefined
          ? manager.generate()
          : manager.apply((current, context) => publishKey(current, { ...context, keyId: made.keyId }));
    records.push(...(await step).records);
  }
}
