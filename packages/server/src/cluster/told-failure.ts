import type { ToldFailure } from "./messages.ts";

/** An error with the system's code as its cause has one, where who reads it looks for it. */
class RemoteFailure extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: ToldFailure) {
    super(message);
    this.code = code;
  }
}

/** What is told of an error to another process. */
export function tellFailure(error: unknown): ToldFailure {
  if (!(error instanceof Error)) return { message: "failed without saying why", code: undefined };
  return { message: error.message, code: readCode(error) ?? readCode(error.cause) };
}

/** The error again, in the process that was told. */
export function failureFrom(failure: ToldFailure): Error {
  return new RemoteFailure(failure);
}

function readCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
