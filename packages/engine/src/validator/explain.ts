/** The same checks as `judge`, run to the end, with what was expected and found: for people. */

import type { Algorithm } from "../algorithms.ts";
import { BINDING_EXPECTED } from "../binding/create-binding-check.ts";
import type { Stage } from "../reasons.ts";
import { Refusal } from "../refusal.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import { findUseProblem } from "../status/check-first-use.ts";
import { parseToken, type UnverifiedToken } from "../token/parse-token.ts";
import { findRevocation } from "./accept-token.ts";
import { checkWrapping } from "./encrypted-tokens.ts";
import { findAllowedAlgorithm, findIssuer } from "./judge.ts";
import type { JudgeCall, JudgeSetup, ValidationContext } from "./judge-setup.ts";
import { describeLookup, SIGNATURE_INVALID } from "./judge-signature.ts";
import type { JudgedIssuer } from "./judged-issuer.ts";
import { readClockSeconds } from "./run-checks.ts";
import type { ExplainedStep, Explanation, Verdict } from "./verdict.ts";

const SKIPPED = "skipped";

/** A step before it is known whether claim values may be shown. */
interface Draft {
  readonly name: string;
  readonly expected?: string;
  /** Failed where a Refusal, skipped where that; passed with everything else. */
  readonly outcome: unknown;
  /** A claim's value: shown only once the signature is verified. */
  readonly value?: string | undefined;
}

/** Stages of steps; all others are claims. */
const STAGES: Readonly<Record<string, Stage>> = {
  form: "token",
  typ: "header",
  encryption: "header",
  iss: "issuer",
  alg: "algorithm",
  key: "key",
  signature: "signature",
  cnf: "binding",
  revocation: "status",
  jti: "status",
};

interface Question {
  /** What `validate` answered; the steps are run anew beside it. */
  readonly verdict: Verdict;
  readonly context: ValidationContext | undefined;
}

export async function explainToken(
  setup: JudgeSetup,
  text: string,
  { verdict, context }: Question,
): Promise<Explanation> {
  const drafts: Draft[] = [];
  const unwrapped = await setup.encrypted?.open(text);
  const isOpen = unwrapped !== undefined && !(unwrapped instanceof Refusal);
  const asked = isOpen
    ? { text: unwrapped.text, wrapping: { text, unwrapped }, context }
    : { text, wrapping: undefined, context };
  const signatureVerified = await walk(setup, asked, drafts);
  const steps = Object.freeze(drafts.map((draft) => describeStep(draft, signatureVerified)));
  return Object.freeze({ verdict, steps, signatureVerified });
}

/** Runs the steps; tells whether the signature was verified. */
async function walk(
  setup: JudgeSetup,
  { text, ...asked }: Asked & { readonly text: string },
  drafts: Draft[],
): Promise<boolean> {
  const { maxTokenBytes, issuers } = setup;
  const token = parseToken(text, { maxBytes: maxTokenBytes });
  const expected = `a compact JWS of at most ${maxTokenBytes} bytes`;
  drafts.push({ name: "form", expected, outcome: token });
  if (token instanceof Refusal) return skip(drafts, ["iss", ...AFTER_ISSUER]);
  const issuer = findIssuer(issuers, token.claims);
  drafts.push({
    name: "iss",
    expected: [...issuers.keys()].join(" or "),
    outcome: issuer,
    // A known issuer is a value of the configuration.
    value: issuer instanceof Refusal ? undefined : issuer.issuer,
  });
  if (issuer instanceof Refusal) return skip(drafts, AFTER_ISSUER);
  if (issuer.encryption !== undefined || asked.wrapping !== undefined) {
    const unwrapped = asked.wrapping?.unwrapped;
    const outcome = checkWrapping(issuer, { unwrapped, claims: token.claims });
    drafts.push({ name: "encryption", expected: "encrypted as the issuer's tokens are", outcome });
  }
  const algorithm = findAllowedAlgorithm(issuer, token);
  const allowed = [...issuer.algorithms.keys()].join(" or ");
  drafts.push({ name: "alg", expected: allowed, outcome: algorithm, value: token.header.alg });
  explainClaims({ issuer, token }, readClockSeconds(setup.clock), drafts);
  if (algorithm instanceof Refusal) return skip(drafts, KEY_AND_SIGNATURE);
  return explainSignature(setup, { issuer, token, algorithm, ...asked }, drafts);
}

interface Subject {
  readonly issuer: JudgedIssuer;
  readonly token: UnverifiedToken;
}

function explainClaims({ issuer, token }: Subject, nowSeconds: number, drafts: Draft[]): void {
  let isMisshapen = false;
  for (const { name, expected, standsAlone, run, show } of issuer.checks) {
    // Checks of content rely on the forms being right.
    if (isMisshapen && !standsAlone) {
      drafts.push({ name, expected, outcome: SKIPPED });
      continue;
    }
    const refusal = run(token, nowSeconds);
    isMisshapen ||= standsAlone && refusal?.reason === "claim_invalid";
    drafts.push({ name, expected, outcome: refusal, value: show(token, nowSeconds) });
  }
}

/** What a token came with and in. */
interface Asked {
  readonly context: ValidationContext | undefined;
  readonly wrapping: JudgeCall["wrapping"];
}

interface SignedSubject extends Subject, Asked {
  readonly algorithm: Algorithm;
}

async function explainSignature(
  setup: JudgeSetup,
  { issuer, token, algorithm, context, wrapping }: SignedSubject,
  drafts: Draft[],
): Promise<boolean> {
  const lookup = await issuer.keys.resolve({ algorithm, keyId: token.header.kid });
  const isFound = lookup.kind === "found";
  drafts.push({
    name: "key",
    expected: `a key of ${issuer.name} for ${algorithm.name}`,
    outcome: isFound ? lookup : describeLookup(lookup),
    value: isFound ? lookup.keys[0]?.keyId : undefined,
  });
  if (!isFound) return skip(drafts, ["signature"]);
  const verified = await verifySignature({ token, keys: lookup.keys, issuer: issuer.name });
  const expected = `signed with ${algorithm.name} by that key`;
  drafts.push({ name: "signature", expected, outcome: verified ?? SIGNATURE_INVALID });
  if (verified === undefined) return false;
  const { binding } = issuer;
  const text = wrapping?.text ?? token.text;
  drafts.push({
    name: "cnf",
    expected: binding ? BINDING_EXPECTED : "unchecked by configuration",
    outcome: await binding?.prove({ text, claims: verified.claims }, context?.presentation),
  });
  if (setup.revocations !== undefined || context?.revocationFreshness === "required") {
    const outcome = findRevocation(setup, verified, context);
    drafts.push({ name: "revocation", expected: "no revocation in force", outcome });
  }
  if (context?.singleUse === true) {
    drafts.push({ name: "jti", expected: "jti and exp, for one use", outcome: findUseProblem(verified) });
  }
  return true;
}

const KEY_AND_SIGNATURE = ["key", "signature"];
const AFTER_ISSUER = ["alg", "claims", ...KEY_AND_SIGNATURE];

/** Steps that an earlier one made impossible. */
function skip(drafts: Draft[], names: readonly string[]): false {
  for (const name of names) drafts.push({ name, outcome: SKIPPED });
  return false;
}

function describeStep({ name, expected, outcome, value }: Draft, signatureVerified: boolean): ExplainedStep {
  const stage = STAGES[name] ?? "claims";
  const refusal = outcome instanceof Refusal ? outcome : undefined;
  const isShown = signatureVerified || stage === "issuer" || stage === "key";
  const found = (isShown ? value : undefined) ?? refusal?.found;
  const wanted = refusal?.expected ?? expected;
  return Object.freeze({
    stage,
    name,
    outcome: refusal ? "failed" : outcome === SKIPPED ? SKIPPED : "passed",
    ...(refusal && { reason: refusal.reason }),
    ...(wanted !== undefined && { expected: wanted }),
    ...(found !== undefined && { found }),
  });
}
