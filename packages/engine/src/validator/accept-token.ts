/** The checks that need the signature first: binding, revocation, and last what uses something up. */

import type { ProofUse } from "../binding/use-once.ts";
import { useOnce } from "../binding/use-once.ts";
import { Refusal } from "../refusal.ts";
import { checkFirstUse } from "../status/check-first-use.ts";
import { checkRevocation } from "../status/check-revocation.ts";
import { createRejected } from "./create-rejected.ts";
import type { JudgeCall, JudgeSetup } from "./judge-setup.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { runChecks } from "./run-checks.ts";
import type { Accepted, Verdict } from "./verdict.ts";

/** A token whose signature is verified, before what may change from one request to the next is judged. */
export interface SignedToken {
  readonly text: string;
  readonly issuer: JudgedIssuer;
  readonly accepted: Accepted;
}

export function acceptToken(
  setup: JudgeSetup,
  signed: SignedToken,
  call: JudgeCall,
): Verdict | Promise<Verdict> {
  const { text, issuer, accepted } = signed;
  const proven = issuer.binding?.prove({ text, claims: accepted.token.claims }, call.context?.presentation);
  // Without a binding, which is the rule, nothing is waited for and nothing allocated.
  if (!(proven instanceof Promise)) return checkStatus(setup, signed, { call, proven });
  return proven.then((outcome) => checkStatus(setup, signed, { call, proven: outcome }));
}

function checkStatus(
  setup: JudgeSetup,
  signed: SignedToken,
  { call, proven }: { readonly call: JudgeCall; readonly proven: ProofUse | Refusal | undefined },
): Verdict | Promise<Verdict> {
  if (proven instanceof Refusal) return createRejected(proven, signed.issuer);
  const revoked = findRevocation(setup, signed, call);
  if (revoked !== undefined) return createRejected(revoked, signed.issuer);
  if (proven === undefined && call.context?.singleUse !== true) return signed.accepted;
  return useUp(setup, signed, { call, proof: proven });
}

function findRevocation(
  { revocations: list }: JudgeSetup,
  { accepted }: SignedToken,
  { context }: JudgeCall,
): Refusal | undefined {
  if (list === undefined) return context?.revocationFreshness === "required" ? NO_LIST : undefined;
  return checkRevocation(accepted.token, { list, freshness: context?.revocationFreshness ?? "unchecked" });
}

const NO_LIST = new Refusal("revocation_unavailable", {
  expected: "a revocation feed, since a fresh one is required",
  found: "none configured",
});

/** Last, since each step uses something up. What was judged before the wait is judged again after it. */
async function useUp(
  setup: JudgeSetup,
  signed: SignedToken,
  { call, proof }: { readonly call: JudgeCall; readonly proof: ProofUse | undefined },
): Promise<Verdict> {
  const { issuer, accepted } = signed;
  const { token } = accepted;
  const { replay: store, clock } = setup;
  let refusal = proof && (await useOnce(store, proof));
  if (refusal === undefined && call.context?.singleUse === true) {
    refusal = await checkFirstUse(token, { store, clockToleranceSeconds: issuer.clockToleranceSeconds });
  }
  refusal ??= runChecks(issuer.timedChecks, token, clock) ?? findRevocation(setup, signed, call);
  return refusal === undefined ? accepted : createRejected(refusal, issuer);
}
