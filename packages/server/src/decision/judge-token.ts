/** The token of a request, as its route asks for it: extraction, validation, requirements, and what is only watched. */

import type { Accepted, Rejected, Validator, Verdict } from "countersign";
import { extractBearer, MAX_AUTHORIZATION_CHARACTERS, rejectExtraction } from "countersign/http";

import type { PolicyInput } from "../policy/policy-input.ts";
import type { PolicyOutcome } from "../policy/policy-outcome.ts";
import { createRefusal } from "./create-refusal.ts";
import type { ShadowOutcome } from "./decision.ts";
import type { HeaderReading } from "./header-reading.ts";
import type { Judged, RoutedRequest } from "./judged.ts";
import { refuse } from "./judged.ts";

/** Judges the token of a request whose route looks at one; waits only where the validator does. Does not reject, as long as that does not. */
export type JudgeToken = (routed: RoutedRequest) => Judged | Promise<Judged>;

export interface TokenJudgeSetup {
  /** `validateSync` is for what is only watched: no request waits for that. */
  readonly validator: TokenValidator;
  /** Tokens that wait for keys at the same time; more are refused as `overloaded`. */
  readonly maxPending: number;
}

/** The part of a validator that decisions use. One without `judge` is always waited for. */
export type TokenValidator = Pick<Validator, "validate"> & Partial<Pick<Validator, "judge" | "validateSync">>;

const OVERLOAD_RETRY_SECONDS = 1;

/** Creates the judge of one configuration. */
export function createTokenJudge({ validator, maxPending }: TokenJudgeSetup): JudgeToken {
  let pending = 0;
  const validate = (routed: RoutedRequest, token: string): Judged | Promise<Judged> => {
    const startedMs = performance.now();
    const verdict = validator.judge === undefined ? validator.validate(token) : validator.judge(token);
    if (!(verdict instanceof Promise)) {
      return judgeVerdict(routed, verdict, performance.now() - startedMs);
    }
    pending += 1;
    const settle = (): void => {
      pending -= 1;
    };
    verdict.then(settle, settle);
    return verdict.then((settled) => judgeVerdict(routed, settled, performance.now() - startedMs));
  };
  return (routed) => {
    if (routed.route.allow === "anonymous") return watchToken(routed, validator);
    const { scopes } = routed.policy.requirement;
    const credential = readCredential(routed.reading);
    if (credential === undefined && routed.route.allow === "optional") return letIn(routed);
    if (typeof credential !== "string") return refuse(credential ?? MISSING, scopes);
    if (pending >= maxPending) {
      return refuse(createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS }), scopes);
    }
    return validate(routed, credential);
  };
}

const MISSING = createRefusal("missing_token");
const BEARER = "Bearer ";

function judgeVerdict(routed: RoutedRequest, verdict: Verdict, validationMs: number): Judged {
  if (verdict.ok) return judgeRequirement(routed, verdict, validationMs);
  const { scopes } = routed.policy.requirement;
  // What breaks the grammar of the header is told as that, whatever the validator made of it.
  const extraction = extractBearer(routed.reading.values("authorization"));
  if (extraction.kind === "malformed") return refuse(rejectExtraction(extraction), scopes);
  return { outcome: { kind: "refused", rejected: verdict, scopes }, validationMs };
}

/** The token; undefined where there is no credential at all; else why what is there is none. Present but wrong is never absent (CVE-2021-21378). */
function readCredential(reading: HeaderReading): string | Rejected | undefined {
  const value = reading.first("authorization");
  if (value === undefined) return undefined;
  if (!reading.isRepeated("authorization")) {
    const token = readPlainBearer(value);
    if (token !== undefined) return token;
  }
  return extractCredential(reading);
}

function extractCredential(reading: HeaderReading): string | Rejected | undefined {
  if (reading.first("authorization") === undefined) return undefined;
  const extraction = extractBearer(reading.values("authorization"));
  // Without a check of the proof, a DPoP credential is one that is not understood here.
  if (extraction.kind === "token") return extraction.scheme === "Bearer" ? extraction.token : MISSING;
  return extraction.kind === "malformed" ? rejectExtraction(extraction) : MISSING;
}

/**
 * The token of the usual form: the scheme as everyone spells it, one space, one word. Whether each character is one
 * that a token can have is asked only where the token is refused: none is accepted with another.
 */
function readPlainBearer(value: string): string | undefined {
  if (!value.startsWith(BEARER) || value.length > MAX_AUTHORIZATION_CHARACTERS) return undefined;
  const token = value.slice(BEARER.length);
  const isWord = token !== "" && !token.includes(" ") && !token.includes(",") && !token.includes("\t");
  return isWord ? token : undefined;
}

function letIn({ route }: RoutedRequest): Judged {
  return { outcome: { kind: "allowed", route, verdict: undefined }, validationMs: undefined };
}

function judgeRequirement(routed: RoutedRequest, verdict: Accepted, validationMs: number): Judged {
  const { route } = routed;
  const { judge, shadows, scopes } = routed.policy.requirement;
  const allowed = { kind: "allowed", route, verdict } as const;
  if (judge === undefined && shadows.length === 0) return { outcome: allowed, validationMs };
  const input = createInput(routed, verdict);
  const shadow = shadows.map((each) => describeShadow(each.policy, each.judge(input)));
  const watched = shadow.length > 0 && { shadow };
  const outcome = judge?.(input);
  if (outcome === undefined || outcome.kind === "met") return { outcome: allowed, validationMs, ...watched };
  const { reason, expected } = outcome;
  const rejected = createRefusal(reason, { expected, issuer: verdict.token.issuer });
  const stepUp = outcome.kind === "unmet" && outcome.stepUp !== undefined && { stepUp: outcome.stepUp };
  return { outcome: { kind: "refused", rejected, scopes, ...stepUp }, validationMs, ...watched };
}

/** An anonymous route that is to ask for a token: what would become of this request. It passes in any case, and waits for nothing. */
async function watchToken(routed: RoutedRequest, validator: TokenValidator): Promise<Judged> {
  const { name, requirement } = routed.policy;
  const credential = extractCredential(routed.reading) ?? MISSING;
  const verdict: Verdict =
    typeof credential !== "string"
      ? credential
      : (validator.validateSync?.(credential) ?? (await validator.validate(credential)));
  if (!verdict.ok) return { ...letIn(routed), shadow: [describeRejected(name, verdict)] };
  const input = createInput(routed, verdict);
  const whole = describeShadow(name, requirement.judge?.(input) ?? { kind: "met" });
  const inner = requirement.shadows.map((each) => describeShadow(each.policy, each.judge(input)));
  return { ...letIn(routed), shadow: [whole, ...inner] };
}

function createInput({ query, now }: RoutedRequest, { token, principal }: Accepted): PolicyInput {
  return { token, principal, request: query, now };
}

function describeRejected(policy: string, { reason, fault }: Rejected): ShadowOutcome {
  return { policy, would: fault === "system" ? "failed" : "refused", reason };
}

function describeShadow(policy: string, outcome: PolicyOutcome): ShadowOutcome {
  if (outcome.kind === "met") return { policy, would: "allowed", reason: "ok" };
  return { policy, would: outcome.kind === "unmet" ? "refused" : "failed", reason: outcome.reason };
}
