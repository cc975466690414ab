/** The checks that need the signature first: binding, revocation, and last what uses something up. */

import type { ProofUse } from "../binding/use-once.ts";
import { useOnce } from "../binding/use-once.ts";
import { settleWithin } from "../keys/settle-within.ts";
import type { ListedStatus } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { checkFirstUse, findUseProblem } from "../status/check-first-use.ts";
import { checkRevocation } from "../status/check-revocation.ts";
import { createRejected } from "./create-rejected.ts";
import type { JudgeCall, JudgeSetup, ValidationContext } from "./judge-setup.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { runChecks } from "./run-checks.ts";
import type { Accepted, Rejected, Verdict } from "./verdict.ts";

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
  const { issuer, accepted } = signed;
  const text = call.wrapping?.text ?? signed.text;
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
  const { accepted, issuer } = signed;
  const isForOneUse = call.context?.singleUse === true;
  const refusal =
    findRevocation(setup, accepted.token, call.context) ??
    (isForOneUse ? findUseProblem(accepted.token) : undefined);
  if (refusal !== undefined) return createRejected(refusal, issuer);
  const { statusLists } = setup;
  if (statusLists === undefined) return finish(setup, signed, { call, proven });
  const listed = statusLists.check(accepted.token);
  if (!(listed instanceof Promise)) return judgeListed(setup, signed, { call, proven, listed });
  // What was judged before the wait is judged again after it.
  return listed.then((settled) => {
    const late =
      runChecks(issuer.timedChecks, accepted.token, setup.clock) ??
      findRevocation(setup, accepted.token, call.context);
    if (late !== undefined) return createRejected(late, issuer);
    return judgeListed(setup, signed, { call, proven, listed: settled });
  });
}

function judgeListed(
  setup: JudgeSetup,
  signed: SignedToken,
  { listed, ...proved }: Proved & { readonly listed: ListedStatus },
): Verdict | Promise<Verdict> {
  const refusal = describeListed(listed);
  return refusal === undefined ? finish(setup, signed, proved) : createRejected(refusal, signed.issuer);
}

/** A status that is not known is none that may pass. */
function describeListed(listed: ListedStatus): Refusal | undefined {
  return listed === "valid" ? undefined : (LISTED[listed] ?? LISTED.unavailable);
}

function finish(
  setup: JudgeSetup,
  signed: SignedToken,
  { call, proven }: Proved,
): Verdict | Promise<Verdict> {
  if (proven === undefined && call.context?.singleUse !== true) return signed.accepted;
  return useUp(setup, signed, { call, proof: proven });
}

interface Proved {
  readonly call: JudgeCall;
  readonly proven: ProofUse | undefined;
}

const LISTED: Readonly<Record<Exclude<ListedStatus, "valid">, Refusal>> = {
  revoked: new Refusal("token_revoked", { found: "an invalid status in the issuer's list" }),
  suspended: new Refusal("token_suspended", { found: "a suspension in the issuer's list" }),
  malformed: new Refusal("claim_invalid", {
    expected: "status.status_list to name a list of the issuer, and an index within it",
    found: "another reference",
  }),
  unavailable: new Refusal("status_list_unavailable", {
    retryAfterSeconds: 1,
  }),
};

export function findRevocation(
  { revocations: list }: JudgeSetup,
  token: VerifiedToken,
  context: ValidationContext | undefined,
): Refusal | undefined {
  const freshness = context?.revocationFreshness ?? "unchecked";
  if (list === undefined) return freshness === "required" ? NO_LIST : undefined;
  return checkRevocation(token, { list, freshness });
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
  const { clock } = setup;
  const store = call.context?.replay ?? setup.replay;
  const refused = await askBeforeUse(accepted, call.context);
  if (refused instanceof Refusal) return createRejected(refused, issuer);
  if (refused !== undefined) return refused;
  let refusal = proof && (await useOnce(store, proof));
  if (refusal === undefined && call.context?.singleUse === true) {
    refusal = await checkFirstUse(token, { store, clockToleranceSeconds: issuer.clockToleranceSeconds });
  }
  // Lists come first, since asking for one may be a wait of its own.
  refusal ??= setup.statusLists && describeListed(await setup.statusLists.check(token));
  refusal ??= runChecks(issuer.timedChecks, token, clock) ?? findRevocation(setup, token, call.context);
  if (refusal !== undefined) return createRejected(refusal, issuer);
  const dpopNonce = proof?.nextNonce;
  return dpopNonce === undefined ? accepted : Object.freeze({ ...accepted, dpopNonce });
}

/** An introspection with the longest timeout that it can have fits. Then nobody knows, and nobody passes. */
const MAX_BEFORE_USE_MS = 30_000;

const NO_ANSWER = new Refusal("policy_unavailable", {
  expected: `an answer of beforeUse within ${MAX_BEFORE_USE_MS} ms`,
  found: "none",
  retryAfterSeconds: 1,
});

async function askBeforeUse(
  accepted: Accepted,
  context: ValidationContext | undefined,
): Promise<Rejected | Refusal | undefined> {
  const answer = context?.beforeUse?.(accepted);
  if (!(answer instanceof Promise)) return answer;
  // In a box: undefined is an answer too.
  const settled = await settleWithin(
    answer.then((refused) => ({ refused })),
    MAX_BEFORE_USE_MS,
  );
  return settled === undefined ? NO_ANSWER : settled.refused;
}
