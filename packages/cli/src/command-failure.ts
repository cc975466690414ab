import type { ExitCode } from "./exit-code.ts";

/** What a failure tells besides its message. */
export interface FailureDetails {
  readonly exitCode: ExitCode;
  /** What to do, one line each. */
  readonly hints?: readonly string[];
}

/** Ends a command with a message for people: lower-case start, no period, never a token or a secret. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];

  constructor(message: string, details: FailureDetails) {
    super(message);
    this.exitCode = details.exitCode;
    this.hints = details.hints ?? [];
  }
}
