import { findLedgerProblem } from "./find-ledger-problem.ts";
import type { KeyLedger } from "./key-ledger.ts";

/** Of the document as text. 64 RSA keys of 8192 bits and 500 records stay below a quarter of it. */
export const MAX_LEDGER_BYTES = 4_194_304;

/** The store holds something that is no ledger of ours; nothing is done with it. */
export class LedgerUnreadableError extends Error {
  override readonly name = "LedgerUnreadableError";
}

export function writeLedger(ledger: KeyLedger): string {
  const text = JSON.stringify(ledger);
  if (Buffer.byteLength(text) > MAX_LEDGER_BYTES) {
    throw new LedgerUnreadableError(`the ledger would have more than ${MAX_LEDGER_BYTES} octets`);
  }
  return text;
}

/** What a store gave back, every rule checked again. @throws LedgerUnreadableError */
export function readLedger(text: string): KeyLedger {
  let ledger: KeyLedger;
  try {
    ledger = JSON.parse(text) as KeyLedger;
  } catch (error) {
    throw new LedgerUnreadableError("the store holds no JSON; restore it from a copy", { cause: error });
  }
  const { format } = (ledger as Partial<KeyLedger> | null) ?? {};
  if (format !== 1) {
    throw new LedgerUnreadableError(
      "the store holds no ledger of format 1: it is of a newer version, or of something else",
    );
  }
  let problem: string | undefined;
  try {
    problem = findLedgerProblem(ledger);
  } catch {
    problem = "a member that must be there is missing, or is of another type";
  }
  if (problem === undefined) return ledger;
  throw new LedgerUnreadableError(`the store holds a ledger that cannot be: ${problem}`);
}
