/**
 * - `too_early`: its bound has not passed; `notBeforeMs` says when it will have.
 * - `no_standby`: no other key would be ripe afterwards, which an emergency needs.
 * - `no_successor`: no key is there to sign instead.
 * - `wrong_state`: the key is not in a state from which this can be done.
 * - `unknown_key`: there is no key of this kid.
 * - `too_many_keys`: the JWKS, or the ledger, would hold too many.
 * - `reason_required`: an emergency has no reason.
 * - `not_started` / `already_started`: there are no keys yet, or there are.
 */
export type RefusalCode =
  | "too_early"
  | "no_standby"
  | "no_successor"
  | "wrong_state"
  | "unknown_key"
  | "too_many_keys"
  | "reason_required"
  | "not_started"
  | "already_started";

/** A change of state that must not be made; nothing was changed. */
export class TransitionRefusedError extends Error {
  override readonly name = "TransitionRefusedError";
  readonly code: RefusalCode;
  readonly keyId: string | undefined;
  readonly notBeforeMs: number | undefined;

  constructor(
    code: RefusalCode,
    message: string,
    details: { readonly keyId?: string; readonly notBeforeMs?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.keyId = details.keyId;
    this.notBeforeMs = details.notBeforeMs;
  }
}
