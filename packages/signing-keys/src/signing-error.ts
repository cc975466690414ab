/**
 * - `unavailable`: the back end could not be asked, or did not answer in time; the same call may succeed later.
 * - `refused`: it answered no (no permission, key disabled, pending deletion, unknown, exists already).
 * - `misconfigured`: the call cannot succeed as things are set up (missing peer package, wrong key type, unreadable file).
 */
export type SigningFailureKind = "unavailable" | "refused" | "misconfigured";

/** Thrown by back ends. The message says what was expected, what was found and what to do, and never holds a secret. */
export class SigningError extends Error {
  override readonly name = "SigningError";
  readonly kind: SigningFailureKind;
  /** The back end's name. */
  readonly backend: string;

  constructor(
    message: string,
    details: { readonly kind: SigningFailureKind; readonly backend: string; readonly cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.backend = details.backend;
  }
}
