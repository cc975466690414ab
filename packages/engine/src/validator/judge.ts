/**
 * The walk of a token: form, issuer, algorithm, claims, key, signature, in the order in which refusing is
 * cheapest, so that nobody without a key of a trusted issuer makes us do public-key work on a token that
 * could not pass anyway. Synchronous as far as it can be: only a key fetch, asynchronous crypto or a replay store
 * makes it wait.
 */

import type { Algorithm } from "../algorithms.ts";
import type { ClaimSubject } from "../claims/claim-check.ts";
import { Refusal } from "../refusal.ts";
import { describeKind } from "../token/describe-kind.ts";
import type { JsonObject } from "../token/json-value.ts";
import { parseToken, type UnverifiedToken } from "../token/parse-token.ts";
import { acceptToken } from "./accept-token.ts";
import { createRejected } from "./create-rejected.ts";
import { checkWrapping, type Unwrapped } from "./encrypted-tokens.ts";
import type { JudgeCall, JudgeSetup, Notes } from "./judge-setup.ts";
import { describeLookup, judgeSignature, SIGNATURE_INVALID } from "./judge-signature.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { runChecks } from "./run-checks.ts";
import { areSameKeys, type Remembered } from "./signature-memory.ts";
import type { Verdict } from "./verdict.ts";

export function judge(setup: JudgeSetup, text: unknown, call: JudgeCall): Verdict | Promise<Verdict> {
  const { signatures } = setup;
  if (signatures !== undefined && typeof text === "string") {
    const remembered = signatures.find(text);
    const verdict = remembered && judgeRemembered(setup, { text, remembered }, call);
    if (verdict !== undefined) return verdict;
  }
  return judgeAnew(setup, text, call);
}

function judgeAnew(setup: JudgeSetup, text: unknown, call: JudgeCall): Verdict | Promise<Verdict> {
  const { notes } = call;
  const token = parseToken(text, { maxBytes: setup.maxTokenBytes, knownHeader: setup.headers.find });
  if (token instanceof Refusal) return judgeFormless(setup, { text, refusal: token }, call);
  const issuer = findIssuer(setup.issuers, token.claims);
  if (issuer instanceof Refusal) return createRejected(issuer);
  if (notes !== undefined) notes.issuer = issuer;
  const misfit = findMisfit(issuer, { wrapping: call.wrapping, claims: token.claims });
  if (misfit !== undefined) return createRejected(misfit, issuer);
  const algorithm = findAllowedAlgorithm(issuer, token);
  if (algorithm instanceof Refusal) return createRejected(algorithm, issuer);
  if (notes !== undefined) notes.algorithm = algorithm;
  const refusal = runChecks(issuer.checks, token, setup.clock);
  if (refusal !== undefined) {
    if (notes !== undefined) noteExpiry(notes, refusal, token);
    return createRejected(refusal, issuer);
  }

  const query = { algorithm, keyId: token.header.kid };
  const candidate = { token, issuer, query, call };
  const lookup = issuer.keys.find(query);
  if (lookup.kind !== "fetch_needed") return judgeSignature(setup, candidate, lookup);
  return issuer.keys.resolve(query).then((fetched) => {
    // The fetch took time, in which the token may have expired.
    const late = runChecks(issuer.timedChecks, token, setup.clock);
    return late === undefined ? judgeSignature(setup, candidate, fetched) : createRejected(late, issuer);
  });
}

/** What is no signed token may hold one, where an issuer encrypts: the content is then judged as a token that came so. */
function judgeFormless(
  setup: JudgeSetup,
  { text, refusal }: { readonly text: unknown; readonly refusal: Refusal },
  call: JudgeCall,
): Verdict | Promise<Verdict> {
  const { encrypted } = setup;
  // One layer only: what was inside has to be signed.
  const isClosed =
    encrypted === undefined || refusal.reason !== "encryption_unsupported" || call.wrapping !== undefined;
  if (isClosed || typeof text !== "string") return createRejected(refusal);
  const settle = (unwrapped: Unwrapped | Refusal): Verdict | Promise<Verdict> => {
    if (unwrapped instanceof Refusal) return createRejected(unwrapped);
    const finish = (verdict: Verdict): Verdict => {
      if (!verdict.ok) return verdict;
      encrypted.remember(text, unwrapped);
      return verdict;
    };
    const verdict = judge(setup, unwrapped.text, { ...call, wrapping: { text, unwrapped } });
    return verdict instanceof Promise ? verdict.then(finish) : finish(verdict);
  };
  const opened = encrypted.open(text);
  return opened instanceof Promise ? opened.then(settle) : settle(opened);
}

/**
 * The verdict on a token whose signature is remembered; undefined where that does not count any more. What is asked
 * anew is asked in the order in which it is asked of any token.
 */
function judgeRemembered(
  setup: JudgeSetup,
  { text, remembered }: { readonly text: string; readonly remembered: Remembered },
  call: JudgeCall,
): Verdict | Promise<Verdict> | undefined {
  const { issuer, query, subject, keys, accepted } = remembered;
  const { notes } = call;
  if (notes !== undefined) {
    notes.issuer = issuer;
    notes.algorithm = query.algorithm;
  }
  const misfit = findMisfit(issuer, { wrapping: call.wrapping, claims: subject.claims });
  if (misfit !== undefined) return createRejected(misfit, issuer);
  const refusal = runChecks(issuer.timedChecks, subject, setup.clock);
  if (refusal !== undefined) {
    if (notes !== undefined) noteExpiry(notes, refusal, subject);
    if (refusal.reason === "token_expired") setup.signatures?.forget(text);
    return createRejected(refusal, issuer);
  }
  // Asked each time: this is where keys are refreshed, removed, replaced, and end.
  const lookup = issuer.keys.find(query);
  if (lookup.kind !== "found" || !areSameKeys(lookup.keys, keys)) {
    setup.signatures?.forget(text);
    return lookup.kind === "refused" ? createRejected(describeLookup(lookup), issuer) : undefined;
  }
  if (notes !== undefined) notes.wasRemembered = true;
  if (accepted !== undefined) return acceptToken(setup, { text, issuer, accepted }, call);
  // Another key under the same kid has to be noticed here too: then all is judged anew.
  const replacement = issuer.keys.replacement(query, keys);
  if (replacement === undefined) return createRejected(SIGNATURE_INVALID, issuer);
  // It is asked for again there; a clock that breaks meanwhile must not end the process here.
  replacement.catch(() => undefined);
  if (notes !== undefined) notes.wasRemembered = false;
  return undefined;
}

/** Of issuers that do not encrypt, and of what came plain, nothing is asked. */
function findMisfit(
  issuer: JudgedIssuer,
  { wrapping, claims }: { readonly wrapping: JudgeCall["wrapping"]; readonly claims: JsonObject },
): Refusal | undefined {
  if (wrapping === undefined && issuer.encryption === undefined) return undefined;
  return checkWrapping(issuer, { unwrapped: wrapping?.unwrapped, claims });
}

function noteExpiry(notes: Notes, { reason }: Refusal, { claims }: ClaimSubject): void {
  if (reason === "token_expired" && typeof claims["exp"] === "number") notes.expiredAt = claims["exp"];
}

export function findIssuer(
  issuers: ReadonlyMap<string, JudgedIssuer>,
  claims: JsonObject,
): JudgedIssuer | Refusal {
  const { iss } = claims;
  if (typeof iss === "string") return issuers.get(iss) ?? UNTRUSTED;
  return iss === undefined
    ? NO_ISSUER
    : new Refusal("claim_invalid", { expected: "iss to be a string", found: describeKind(iss) });
}

const UNTRUSTED = new Refusal("issuer_untrusted", { expected: "iss to be a configured issuer" });
const NO_ISSUER = new Refusal("claim_missing", { expected: "iss to be present", found: "nothing" });

export function findAllowedAlgorithm(issuer: JudgedIssuer, token: UnverifiedToken): Algorithm | Refusal {
  return issuer.algorithms.get(token.header.alg) ?? issuer.algorithmRefusal;
}
