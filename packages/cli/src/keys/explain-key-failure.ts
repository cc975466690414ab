import {
  GateHoldsError,
  KeyStoreUnavailableError,
  LedgerUnreadableError,
  type RefusalCode,
  SigningError,
  TransitionRefusedError,
  UnpublishableError,
} from "@countersign/signing-keys";
import { CommandFailure } from "../command-failure.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { escapeUnprintable } from "../output/printable.ts";

/** Refusals of what was asked, against refusals of what things are like. */
const USAGE: readonly RefusalCode[] = ["unknown_key", "reason_required", "not_started", "already_started"];

const HINTS: Partial<Readonly<Record<RefusalCode, string>>> = {
  too_early: "in an emergency: --emergency --reason WHY; then verifiers may refuse good tokens for a while",
  no_standby: "in an emergency: --emergency --reason WHY",
  no_successor: "`countersign keys rotate` makes one",
  reason_required: "add --reason WHY",
  not_started: "`countersign keys init` begins",
};

/** What a step threw, as commands end. What is no failure of ours to explain is given back. */
export function explainKeyFailure(error: unknown): unknown {
  if (error instanceof TransitionRefusedError) {
    const hint = HINTS[error.code];
    const exitCode = USAGE.includes(error.code) ? EXIT.usage : EXIT.negative;
    return fail(error.message, exitCode, hint === undefined ? [] : [hint]);
  }
  if (error instanceof GateHoldsError) {
    const { step, gates } = error.held;
    const hints = gates
      .filter(({ status }) => status !== "open")
      .map(({ gate, status, detail }) => `${gate} (${status}): ${escapeUnprintable(detail)}`);
    return fail(`${step} is held`, error.isUnavailable ? EXIT.unavailable : EXIT.negative, hints);
  }
  if (error instanceof KeyStoreUnavailableError) return fail(error.message, EXIT.unavailable);
  if (error instanceof LedgerUnreadableError) return fail(error.message, EXIT.usage);
  if (error instanceof UnpublishableError) return fail(error.message, EXIT.negative);
  if (error instanceof RangeError) return fail(error.message, EXIT.usage);
  if (error instanceof SigningError) {
    const codes: Readonly<Record<typeof error.kind, ExitCode>> = {
      unavailable: EXIT.unavailable,
      refused: EXIT.negative,
      misconfigured: EXIT.usage,
    };
    return fail(error.message, codes[error.kind]);
  }
  return error;
}

function fail(message: string, exitCode: ExitCode, hints: readonly string[] = []): CommandFailure {
  return new CommandFailure(escapeUnprintable(message), { exitCode, hints });
}
