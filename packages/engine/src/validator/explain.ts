/** The same checks as `judge`, run to the end, with what was expected and found: for people. */

import type { Algorithm } from "../algorithms.ts";
import { BINDING_EXPECTED, checkBinding } from "../binding/check-binding.ts";
import type { TrustedIssuer } from "../issuers/trusted-issuer.ts";
import type { Stage } from "../reasons.ts";
import { Refusal } from "../refusal.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import { parseToken, type UnverifiedToken } from "../token/parse-token.ts";
import { createRejected } from "./create-rejected.ts";
import {
  describeLookup,
  findAllowedAlgorithm,
  findIssuer,
  type JudgeSetup,
  readClockSeconds,
  SIGNATURE_INVALID,
} from "./judge.ts";
import type { ExplainedStep, Explanation, Verdict } from "./verdict.ts";

/** A step before it is known whether claim values may be shown. */
interface Draft {
  readonly stage: Stage;
  readonly name: string;
  readonly expected: string | undefined;
  readonly outcome: "passed" | "skipped" | Refusal;
  /** A claim's value: shown only once the signature is verified. */
  readonly value?: string | undefined;
}

/** @param verdict What `validate` answered; the steps are run anew beside it. */
export async function explainToken(setup: JudgeSetup, text: unknown, verdict: Verdict): Promise<Explanation> {
  const drafts: Draft[] = [];
  const token = parseToken(text, { maxBytes: setup.maxTokenBytes });
  const parsed = token instanceof Refusal ? undefined : token;
  drafts.push({
    stage: "token",
    name: "form",
    expected: `a compact JWS of at most ${setup.maxTokenBytes} bytes`,
    outcome: token instanceof Refusal ? token : "passed",
  });
  const issuer = parsed && explainIssuer(setup, parsed, drafts);
  if (issuer === undefined || parsed === undefined) {
    const left = parsed === undefined ? ["iss", ...AFTER_ISSUER] : AFTER_ISSUER;
    drafts.push(...left.map(skipped));
    return conclude(drafts, verdict, false);
  }
  const algorithm = findAllowedAlgorithm(issuer, parsed);
  drafts.push({
    stage: "algorithm",
    name: "alg",
    expected: [...issuer.algorithms.keys()].join(" or "),
    outcome: algorithm instanceof Refusal ? algorithm : "passed",
    value: parsed.header.alg,
  });
  explainClaims(setup, { issuer, token: parsed }, drafts);
  const verified = await explainSignature({ issuer, token: parsed, algorithm }, drafts);
  return conclude(drafts, verdict, verified);
}

function explainIssuer(
  setup: JudgeSetup,
  token: UnverifiedToken,
  drafts: Draft[],
): TrustedIssuer | undefined {
  const issuer = findIssuer(setup.issuers, token.claims);
  drafts.push({
    stage: "issuer",
    name: "iss",
    expected: [...setup.issuers.keys()].join(" or "),
    outcome: issuer instanceof Refusal ? issuer : "passed",
    // A known issuer is a value of the configuration.
    value: issuer instanceof Refusal ? undefined : issuer.issuer,
  });
  return issuer instanceof Refusal ? undefined : issuer;
}

function explainClaims(
  setup: JudgeSetup,
  { issuer, token }: { readonly issuer: TrustedIssuer; readonly token: UnverifiedToken },
  drafts: Draft[],
): void {
  const nowSeconds = readClockSeconds(setup.clock);
  let misshapen = false;
  for (const check of issuer.checks) {
    const { name, expected } = check;
    const stage: Stage = name === "typ" ? "header" : "claims";
    // Checks of content rely on the forms being right.
    if (misshapen && !check.standsAlone) {
      drafts.push({ stage, name, expected, outcome: "skipped" });
      continue;
    }
    const refusal = check.run(token, nowSeconds);
    misshapen ||= refusal?.reason === "claim_invalid" && check.standsAlone;
    drafts.push({
      stage,
      name,
      expected,
      outcome: refusal ?? "passed",
      value: check.show(token, nowSeconds),
    });
  }
}

async function explainSignature(
  subject: {
    readonly issuer: TrustedIssuer;
    readonly token: UnverifiedToken;
    readonly algorithm: Algorithm | Refusal;
  },
  drafts: Draft[],
): Promise<boolean> {
  const { issuer, token, algorithm } = subject;
  if (algorithm instanceof Refusal) {
    drafts.push(skipped("key"), skipped("signature"));
    return false;
  }
  const query = { algorithm, keyId: token.header.kid };
  const lookup = await issuer.keys.resolve(query);
  const expected = `a key of ${issuer.name} for ${algorithm.name}`;
  if (lookup.kind === "refused") {
    drafts.push(
      { stage: "key", name: "key", expected, outcome: describeLookup(lookup) },
      skipped("signature"),
    );
    return false;
  }
  drafts.push({ stage: "key", name: "key", expected, outcome: "passed", value: lookup.keys[0]?.keyId });
  const verified = await verifySignature({ token, keys: lookup.keys, issuer: issuer.name });
  drafts.push({
    stage: "signature",
    name: "signature",
    expected: `signed with ${algorithm.name} by that key`,
    outcome: verified === undefined ? SIGNATURE_INVALID : "passed",
  });
  if (verified === undefined) return false;
  const unbound = issuer.bindingRequired ? checkBinding(verified) : undefined;
  drafts.push({
    stage: "binding",
    name: "cnf",
    expected: issuer.bindingRequired ? BINDING_EXPECTED : "unchecked by configuration",
    outcome: unbound ?? "passed",
  });
  return true;
}

const AFTER_ISSUER = ["alg", "claims", "key", "signature"];

/** Steps whose name is not their stage's. */
const STAGES: Readonly<Record<string, Stage>> = { iss: "issuer", alg: "algorithm" };

function skipped(name: string): Draft {
  return { stage: STAGES[name] ?? (name as Stage), name, expected: undefined, outcome: "skipped" };
}

function conclude(drafts: readonly Draft[], verdict: Verdict, signatureVerified: boolean): Explanation {
  const steps = drafts.map((draft): ExplainedStep => {
    const refusal = draft.outcome instanceof Refusal ? createRejected(draft.outcome) : undefined;
    const shown = signatureVerified || draft.stage === "issuer" || draft.stage === "key";
    const found = (shown ? draft.value : undefined) ?? refusal?.found;
    const expected = refusal?.expected ?? draft.expected;
    return Object.freeze({
      stage: draft.stage,
      name: draft.name,
      outcome: draft.outcome instanceof Refusal ? "failed" : draft.outcome,
      ...(refusal !== undefined && { reason: refusal.reason }),
      ...(expected !== undefined && { expected }),
      ...(found !== undefined && { found }),
    });
  });
  return Object.freeze({ verdict, steps: Object.freeze(steps), signatureVerified });
}
