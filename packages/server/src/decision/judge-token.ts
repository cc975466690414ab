/** The token of a request, as its route asks for it: extraction, validation, requirements, and what is only watched. */

import type { Accepted, Rejected, Validator, Verdict } from "countersign";
import { extractBearer, rejectExtraction } from "countersign/http";

import type { PolicyInput } from "../policy/policy-input.ts";
import type { PolicyOutcome } from "../policy/policy-outcome.ts";
import { createRefusal } from "./create-refusal.ts";
import type { ShadowOutcome } from "./decision.ts";
import type { Judged, RoutedRequest } from "./judged.ts";
import { refuse } from "./judged.ts";

/** Judges the token of a request whose route looks at one. Does not reject, as long as the validator does not. */
export type JudgeToken = (routed: RoutedRequest) => Promise<Judged>;

export interface TokenJudgeSetup {
  /** `validateSync` is for what is only watched: no request waits for that. */
  readonly validator: Pick<Validator, "validate"> & Partial<Pick<Validator, "validateSync">>;
  /** Tokens that wait for keys at the same time; more are refused as `overloaded`. */
  readonly maxPending: number;
}

const OVERLOAD_RETRY_SECONDS = 1;

/** Creates the judge of one configuration. */
export function createTokenJudge({ validator, maxPending }: TokenJudgeSetup): JudgeToken {
  let pending = 0;
  return async (routed) => {
    if (routed.route.allow === "anonymous") return watchToken(routed, validator);
    const { scopes } = routed.policy.requirement;
    const credential = readCredential(routed);
    if (credential === undefined && routed.route.allow === "optional") return letIn(routed);
    if (typeof credential !== "string") return refuse(credential ?? MISSING, scopes);
    if (pending >= maxPending) {
      return refuse(createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS }), scopes);
    }
    pending += 1;
    const startedMs = performance.now();
    try {
      const verdict = await validator.validate(credential);
      const validationMs = performance.now() - startedMs;
      if (!verdict.ok) return { ...refuse(verdict, scopes), validationMs };
      return { ...judgeRequirement(routed, verdict), validationMs };
    } finally {
      pending -= 1;
    }
  };
}

const MISSING = createRefusal("missing_token");

/** The token; undefined where there is no credential at all; else why what is there is none. Present but wrong is never absent (CVE-2021-21378). */
function readCredential({ request }: RoutedRequest): string | Rejected | undefined {
  const extraction = extractBearer(request.headers);
  // Without a check of the proof, a DPoP credential is one that is not understood here.
  if (extraction.kind === "token") return extraction.scheme === "Bearer" ? extraction.token : MISSING;
  if (extraction.kind === "malformed") return rejectExtraction(extraction);
  const isThere = request.headers.some(([name]) => name.toLowerCase() === "authorization");
  return isThere ? MISSING : undefined;
}

function letIn({ route }: RoutedRequest, verdict?: Accepted): Judged {
  return { outcome: { kind: "allowed", route, verdict }, validationMs: undefined };
}

function judgeRequirement(routed: RoutedRequest, verdict: Accepted): Judged {
  const { judge, shadows, scopes } = routed.policy.requirement;
  const input = createInput(routed, verdict);
  const shadow = shadows.map((each) => describeShadow(each.policy, each.judge(input)));
  const watched = shadow.length > 0 && { shadow };
  const outcome = judge?.(input);
  if (outcome === undefined || outcome.kind === "met") return { ...letIn(routed, verdict), ...watched };
  const { reason, expected } = outcome;
  const rejected = createRefusal(reason, { expected, issuer: verdict.token.issuer });
  const stepUp = outcome.kind === "unmet" && outcome.stepUp !== undefined && { stepUp: outcome.stepUp };
  return {
    outcome: { kind: "refused", rejected, scopes, ...stepUp },
    validationMs: undefined,
    ...watched,
  };
}

/** An anonymous route that is to ask for a token: what would become of this request. It passes in any case, and waits for nothing. */
async function watchToken(routed: RoutedRequest, validator: TokenJudgeSetup["validator"]): Promise<Judged> {
  const { name, requirement } = routed.policy;
  const credential = readCredential(routed) ?? MISSING;
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
