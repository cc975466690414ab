/** Gives an allowed request what its upstream asks for beside the identity headers, or refuses it. */

import type { Rejected } from "countersign";
import { extractBearer, type TokenScheme } from "countersign/http";

import { createRefusal } from "./create-refusal.ts";
import type { AllowedDecision, IdentityHeader } from "./decision.ts";
import type { HeaderReading } from "./header-reading.ts";
import { type CredentialResult, fillCredentials, type UpstreamCredentials } from "./upstream-credentials.ts";

export type Equipment =
  /** Credentials, to be added to the identity headers. */
  | { readonly ok: true; readonly headers: readonly IdentityHeader[] }
  | { readonly ok: false; readonly rejected: Rejected; readonly scheme?: TokenScheme };

/** A request that may pass, and whether it is one that is forwarded only now. */
export interface EquippedRequest {
  readonly decision: AllowedDecision;
  readonly reading: HeaderReading;
  /** What stays open has had its credentials when it was opened. */
  readonly isOngoing: boolean;
}

/** At once where nothing has to be waited for. Does not reject, as long as the credentials do not. */
export type Equip = (request: EquippedRequest) => Equipment | Promise<Equipment>;

const OVERLOAD_RETRY_SECONDS = 1;

/** @param maxPending Requests that wait at the same time; more are refused as `overloaded`. */
export function createEquipper(credentials: UpstreamCredentials, maxPending: number): Equip {
  const { names } = credentials;
  const blank: Equipment = Object.freeze({ ok: true, headers: fillCredentials(names, []) });
  let pending = 0;
  return ({ decision, reading, isOngoing }) => {
    const { verdict, route } = decision;
    if (verdict === undefined || isOngoing) return blank;
    const extraction = extractBearer(reading.values("authorization"));
    if (extraction.kind !== "token") throw new TypeError("a verdict about a token that is not there");
    const { token, scheme } = extraction;
    if (pending >= maxPending) {
      const retry = { retryAfterSeconds: OVERLOAD_RETRY_SECONDS, issuer: verdict.token.issuer };
      return { ok: false, rejected: createRefusal("overloaded", retry) };
    }
    const conclude = (result: CredentialResult): Equipment =>
      result.ok
        ? { ok: true, headers: fillCredentials(names, result.headers) }
        : { ok: false, rejected: result.rejected, ...(scheme === "DPoP" && { scheme }) };
    const result = credentials.obtain({ route, verdict, token });
    if (!(result instanceof Promise)) return conclude(result);
    pending += 1;
    return result.then(conclude).finally(() => {
      pending -= 1;
    });
  };
}
