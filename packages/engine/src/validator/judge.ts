/**
 * The walk of a token: form, issuer, algorithm, claims, key, signature, in the order in which refusing is
 * cheapest, so that nobody without a key of a trusted issuer makes us do public-key work on a token that
 * could not pass anyway. Synchronous as far as it can be: only a key fetch or asynchronous crypto makes it wait.
 */

import type { Algorithm } from "../algorithms.ts";
import { checkBinding } from "../binding/check-binding.ts";
import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import type { SettledKeyLookup } from "../keys/imported-key-set.ts";
import type { KeyQuery, RefusedLookup, VerificationKey } from "../keys/key-source.ts";
import type { Clock } from "../ports.ts";
import { createPrincipal } from "../principal/create-principal.ts";
import { Refusal } from "../refusal.ts";
import { andThen } from "../signature/and-then.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import { describeKind } from "../token/describe-kind.ts";
import type { JsonObject } from "../token/json-value.ts";
import { parseToken, type UnverifiedToken } from "../token/parse-token.ts";

import { createRejected } from "./create-rejected.ts";
import type { HeaderMemory } from "./header-memory.ts";
import type { Verdict } from "./verdict.ts";

export interface JudgeSetup {
  /** By the exact `iss`. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly maxTokenBytes: number;
  readonly clock: Clock;
  readonly headers: HeaderMemory;
}

/** What is learned on the way, for whoever watches; absent where nobody does. */
export interface Notes {
  issuer?: TrustedIssuer;
  algorithm?: Algorithm;
  /** `performance.now()` before and after the signature step. */
  signatureStarted?: number;
  signatureEnded?: number;
}

/** A token on its way, past the checks that need no key. */
interface Candidate {
  readonly token: UnverifiedToken;
  readonly issuer: TrustedIssuer;
  readonly query: KeyQuery;
  readonly notes: Notes | undefined;
}

export function judge(setup: JudgeSetup, text: unknown, notes?: Notes): Verdict | Promise<Verdict> {
  const token = parseToken(text, { maxBytes: setup.maxTokenBytes, knownHeader: setup.headers.find });
  if (token instanceof Refusal) return createRejected(token);
  const issuer = findIssuer(setup.issuers, token.claims);
  if (issuer instanceof Refusal) return createRejected(issuer);
  if (notes !== undefined) notes.issuer = issuer;
  const algorithm = findAllowedAlgorithm(issuer, token);
  if (algorithm instanceof Refusal) return createRejected(algorithm, issuer);
  if (notes !== undefined) notes.algorithm = algorithm;
  const refusal = checkClaims(setup, { issuer, token });
  if (refusal !== undefined) return createRejected(refusal, issuer);

  const query = { algorithm, keyId: token.header.kid };
  const candidate: Candidate = { token, issuer, query, notes };
  const lookup = issuer.keys.find(query);
  if (lookup.kind !== "fetch_needed") return judgeSignature(setup, candidate, lookup);
  return issuer.keys.resolve(query).then((fetched) => {
    // The fetch took time, in which the token may have expired.
    const late = checkClaims(setup, { issuer, token });
    return late === undefined ? judgeSignature(setup, candidate, fetched) : createRejected(late, issuer);
  });
}

export function findIssuer(
  issuers: ReadonlyMap<string, TrustedIssuer>,
  claims: JsonObject,
): TrustedIssuer | Refusal {
  const { iss } = claims;
  if (typeof iss === "string") return issuers.get(iss) ?? UNTRUSTED;
  return iss === undefined
    ? NO_ISSUER
    : new Refusal("claim_invalid", { expected: "iss to be a string", found: describeKind(iss) });
}

const UNTRUSTED = new Refusal("issuer_untrusted", { expected: "iss to be a configured issuer" });
const NO_ISSUER = new Refusal("claim_missing", { expected: "iss to be present", found: "nothing" });

export function findAllowedAlgorithm(issuer: TrustedIssuer, token: UnverifiedToken): Algorithm | Refusal {
  return (
    issuer.algorithms.get(token.header.alg) ??
    new Refusal("algorithm_not_allowed", { expected: `alg ${[...issuer.algorithms.keys()].join(" or ")}` })
  );
}

/** @throws Error where the clock gives no time: nothing can be judged without one. */
export function readClockSeconds(clock: Clock): number {
  const now = clock();
  if (!Number.isFinite(now)) throw new Error("The clock gave no finite number of milliseconds");
  return now / 1000;
}

function checkClaims(
  setup: JudgeSetup,
  { issuer, token }: Pick<Candidate, "issuer" | "token">,
): Refusal | undefined {
  const nowSeconds = readClockSeconds(setup.clock);
  for (const check of issuer.checks) {
    const refusal = check.run(token, nowSeconds);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function judgeSignature(
  setup: JudgeSetup,
  candidate: Candidate,
  lookup: SettledKeyLookup,
): Verdict | Promise<Verdict> {
  const { issuer, notes, query, token } = candidate;
  if (lookup.kind === "refused") return createRejected(describeLookup(lookup), issuer);
  const { keys } = lookup;
  if (notes !== undefined) notes.signatureStarted = performance.now();
  return andThen(verifySignature({ token, keys, issuer: issuer.name }), (verified) => {
    if (notes !== undefined) notes.signatureEnded = performance.now();
    if (verified !== undefined) return accept(setup, candidate, verified);
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
  const { token, issuer } = candidate;
  const verified = await verifySignature({ token, keys, issuer: issuer.name });
  if (verified === undefined) return createRejected(SIGNATURE_INVALID, issuer);
  const late = checkClaims(setup, candidate);
  return late === undefined ? accept(setup, candidate, verified) : createRejected(late, issuer);
}

/** The checks that need the signature first, and what an accepted token brings. */
function accept(setup: JudgeSetup, { token, issuer }: Candidate, verified: VerifiedToken): Verdict {
  setup.headers.remember(token);
  const unbound = issuer.bindingRequired ? checkBinding(verified) : undefined;
  if (unbound !== undefined) return createRejected(unbound, issuer);
  return Object.freeze({ ok: true, token: verified, principal: createPrincipal(verified) });
}

export const SIGNATURE_INVALID: Refusal = new Refusal("signature_invalid");

/** What a key lookup refused, in the words of a refusal. */
export function describeLookup({ reason, detail: found, retryAfterSeconds }: RefusedLookup): Refusal {
  return new Refusal(reason, { found, retryAfterSeconds });
}
