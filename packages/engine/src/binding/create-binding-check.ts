/** Sender constraint: whether who presents a token holds the keys that it is bound to (RFC 7800, 8705, 9449). */

import { platform } from "#platform";
import type { Clock } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { andThen } from "../signature/and-then.ts";
import type { BindingRules } from "./binding-rules.ts";
import { ProofCheck } from "./check-proof.ts";
import { readConfirmation } from "./confirmation.ts";
import type { Presentation, Presented, PresentedToken } from "./presentation.ts";
import { refuseProof } from "./refuse-proof.ts";
import type { ProofUse } from "./use-once.ts";

type MaybePromise<T> = T | Promise<T>;

export interface BindingCheck {
  /**
   * Undefined where the token may be used as it was presented; where that takes a DPoP proof, the use that is still
   * to be recorded, after whatever else may refuse the token. Without a presentation every bound token is refused.
   */
  prove(token: PresentedToken, presentation?: Presented): MaybePromise<ProofUse | Refusal | undefined>;
  /** The nonce to hand out now, in `DPoP-Nonce`; undefined where none is asked for. */
  currentNonce(): MaybePromise<string> | undefined;
}

export interface BindingCheckOptions {
  readonly rules: BindingRules;
  readonly clock: Clock;
}

/** For people: what passes. */
export const BINDING_EXPECTED = "a token without cnf, or proof that its key is held";

const NO_PROOF = missing("cnf, and no proof with the token");
const BEARER = missing("cnf.jkt, and the Bearer scheme (RFC 9449 section 7.2)");
const NO_DPOP_PROOF = missing("cnf.jkt, and no DPoP proof");
const DPOP_OFF = missing("cnf.jkt, and DPoP is not accepted here");
const NO_CERTIFICATE = missing("cnf.x5t#S256, and no client certificate");
const MTLS_OFF = missing("cnf.x5t#S256, and client certificates are not accepted here");
const NOT_DPOP = new Refusal("binding_missing", {
  expected: "cnf.jkt in a token under the DPoP scheme",
  found: "none",
});
const UNBOUND = new Refusal("binding_missing", {
  expected: "a token that is bound to a key",
  found: "no cnf",
});
const SEVERAL_PROOFS = refuseProof("exactly one DPoP header", "several");
const OTHER_CERTIFICATE = new Refusal("binding_mismatch", {
  expected: "the client certificate of cnf.x5t#S256",
  found: "another certificate",
});

function missing(found: string): Refusal {
  return new Refusal("binding_missing", { expected: BINDING_EXPECTED, found });
}

export function createBindingCheck({ rules, clock }: BindingCheckOptions): BindingCheck {
  const proofs = rules.dpop && new ProofCheck(rules.dpop);

  function prove(token: PresentedToken, presentation?: Presented): ReturnType<BindingCheck["prove"]> {
    if (presentation === "unchecked") return undefined;
    const cnf = token.claims["cnf"];
    if (cnf === undefined) {
      if (presentation?.scheme === "DPoP") return NOT_DPOP;
      return rules.acceptsUnbound ? undefined : UNBOUND;
    }
    if (presentation === undefined) return NO_PROOF;
    const confirmation = readConfirmation(cnf);
    if (confirmation instanceof Refusal) return confirmation;
    const { jkt, certificateSha256 } = confirmation;
    if (jkt === undefined && presentation.scheme === "DPoP") return NOT_DPOP;
    const refusal =
      certificateSha256 === undefined ? undefined : checkCertificate(certificateSha256, presentation);
    return andThen(refusal, (refused) =>
      refused !== undefined || jkt === undefined ? refused : checkDpop({ token, jkt }, presentation),
    );
  }

  function checkCertificate(expected: string, presentation: Presentation): MaybePromise<Refusal | undefined> {
    const { certificate, certificateSha256 } = presentation;
    if (!rules.mtls) return MTLS_OFF;
    const hash = certificate === undefined ? certificateSha256 : platform.sha256(certificate);
    if (hash === undefined) return NO_CERTIFICATE;
    return andThen(hash, (found) => (found === expected ? undefined : OTHER_CERTIFICATE));
  }

  function checkDpop(
    { token, jkt }: { readonly token: PresentedToken; readonly jkt: string },
    { scheme, proofs: given = [], method, url }: Presentation,
  ): MaybePromise<ProofUse | Refusal> {
    const [proof, ...others] = given;
    if (proofs === undefined) return DPOP_OFF;
    if (scheme !== "DPoP") return BEARER;
    if (proof === undefined) return NO_DPOP_PROOF;
    if (others.length > 0) return SEVERAL_PROOFS;
    return proofs.run({ proof, method, url, token: token.text, jkt, nowMs: readClock(clock) });
  }

  return {
    prove,
    currentNonce: () => proofs?.currentNonce(readClock(clock)),
  };
}

/** @throws Error where the clock gives no time: the age of no proof can be told without one. */
function readClock(clock: Clock): number {
  const nowMs = clock();
  if (!Number.isFinite(nowMs)) throw new Error("The clock gave no finite number of milliseconds");
  return nowMs;
}
