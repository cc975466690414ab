/** The signature step of the walk: keys, signature, and what is remembered of it. */

import type { SettledKeyLookup } from "../keys/imported-key-set.ts";
import type { KeyQuery, RefusedLookup, VerificationKey } from "../keys/key-source.ts";
import { createPrincipal } from "../principal/create-principal.ts";
import { Refusal } from "../refusal.ts";
import { andThen } from "../signature/and-then.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import { acceptToken } from "./accept-token.ts";
import { createRejected } from "./create-rejected.ts";
import type { JudgeCall, JudgeSetup } from "./judge-setup.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { runChecks } from "./run-checks.ts";
import type { Remembered } from "./signature-memory.ts";
import type { Accepted, Verdict } from "./verdict.ts";

/** A token on its way, past the checks that need no key. */
export interface Candidate {
  readonly token: UnverifiedToken;
  readonly issuer: JudgedIssuer;
  readonly query: KeyQuery;
  readonly call: JudgeCall;
}

export function judgeSignature(
  setup: JudgeSetup,
  candidate: Candidate,
  lookup: SettledKeyLookup,
): Verdict | Promise<Verdict> {
  const { issuer, query, token, call } = candidate;
  if (lookup.kind === "refused") {
    setup.headers.visit(token);
    return createRejected(describeLookup(lookup), issuer);
  }
  const { keys } = lookup;
  const { notes, mayWait } = call;
  if (notes !== undefined) notes.signatureStarted = performance.now();
  return andThen(verifySignature({ token, keys, issuer: issuer.name, mayWait }), (verified) => {
    if (notes !== undefined) notes.signatureEnded = performance.now();
    const accepted = verified && createAccepted(verified, issuer);
    remember(setup, candidate, { keys, accepted });
    if (accepted !== undefined) return acceptToken(setup, { text: token.text, issuer, accepted }, call);
    // The issuer may have put another key under the same kid since the last fetch.
    const replacement = issuer.keys.replacement(query, keys);
    if (replacement === undefined) return createRejected(SIGNATURE_INVALID, issuer);
    return replacement.then((others) => judgeReplacement(setup, candidate, others));
  });
}

async function judgeReplacement(
  setup: JudgeSetup,
  candidate: Candidate,
  keys: readonly VerificationKey[],
): Promise<Verdict> {
  const { token, issuer, call } = candidate;
  const verified = await verifySignature({ token, keys, issuer: issuer.name, mayWait: call.mayWait });
  if (verified === undefined) return createRejected(SIGNATURE_INVALID, issuer);
  const accepted = createAccepted(verified, issuer);
  remember(setup, candidate, { keys, accepted });
  const late = runChecks(issuer.timedChecks, token, setup.clock);
  if (late !== undefined) return createRejected(late, issuer);
  return acceptToken(setup, { text: token.text, issuer, accepted }, call);
}

function remember(
  { headers, signatures }: JudgeSetup,
  { token, issuer, query }: Candidate,
  { keys, accepted }: Pick<Remembered, "keys" | "accepted">,
): void {
  if (accepted !== undefined) headers.remember(token);
  signatures?.remember(token.text, accepted !== undefined, () => {
    const { header, claims } = token;
    return { issuer, query, keys, subject: accepted?.token ?? { header, claims }, accepted };
  });
}

/** What an accepted token brings. Frozen all the way down, so that one may be given to many. */
function createAccepted(token: Accepted["token"], { mapping }: JudgedIssuer): Accepted {
  return Object.freeze({ ok: true, token, principal: createPrincipal(token, mapping) });
}

export const SIGNATURE_INVALID: Refusal = new Refusal("signature_invalid");

/** What a key lookup refused, in the words of a refusal. */
export function describeLookup({ reason, detail: found, retryAfterSeconds }: RefusedLookup): Refusal {
  return new Refusal(reason, { found, retryAfterSeconds });
}
