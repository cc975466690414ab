/** The token of a request, as its route asks for it: extraction, validation, requirements, and what is only watched. */

import type { Accepted, Rejected, ReplayStore, ValidationContext, Validator, Verdict } from "countersign";
import {
  type ExtractedToken,
  extractBearer,
  MAX_AUTHORIZATION_CHARACTERS,
  rejectExtraction,
} from "countersign/http";
import type { PolicyInput, PolicyOutcome } from "countersign/policy";
import type { RouteConfiguration } from "../config/configuration.ts";
import { createRefusal } from "./create-refusal.ts";
import type { ShadowOutcome } from "./decision.ts";
import type { HeaderReading } from "./header-reading.ts";
import type { IntrospectionQuestion, IntrospectToken } from "./introspect-token.ts";
import type { Judged, Outcome, RoutedRequest } from "./judged.ts";
import { refuse } from "./judged.ts";

/** Judges the token of a request whose route looks at one; waits only where the validator does. Does not reject, as long as that does not. */
export type JudgeToken = (routed: RoutedRequest) => Judged | Promise<Judged>;

export interface TokenJudgeSetup {
  /** `validateSync` is for what is only watched: no request waits for that. */
  readonly validator: TokenValidator;
  /** Absent where no issuer is asked about its tokens. */
  readonly introspect?: IntrospectToken | undefined;
  /** False while nothing is known of what is revoked, since the feed was never read: then nothing is accepted. */
  readonly knowsRevocations?: (() => boolean) | undefined;
  /** Where a route records first uses in place of the validator's store. Default nowhere else. */
  readonly replayOf?: ((route: RouteConfiguration) => ReplayStore | undefined) | undefined;
  /** Tokens that wait for keys, or for their issuer, at the same time; more are refused as `overloaded`. */
  readonly maxPending: number;
}

/** The part of a validator that decisions use. One without `judge` is always waited for. */
export type TokenValidator = Pick<Validator, "validate"> & Partial<Pick<Validator, "judge" | "validateSync">>;

/** A token under Bearer as its text, which is the rule; one under DPoP as what was extracted. */
type Credential = string | ExtractedToken;

const OVERLOAD_RETRY_SECONDS = 1;

/** Creates the judge of one configuration. */
export function createTokenJudge(setup: TokenJudgeSetup): JudgeToken {
  const { validator, introspect, maxPending, knowsRevocations, replayOf } = setup;
  let pending = 0;
  const hold = (judged: Promise<Judged>): Promise<Judged> => {
    pending += 1;
    const settle = (): void => {
      pending -= 1;
    };
    judged.then(settle, settle);
    return judged;
  };
  const validate = (routed: RoutedRequest, credential: Credential): Judged | Promise<Judged> => {
    const startedMs = performance.now();
    const token = readToken(credential);
    const isKnown = knowsRevocations === undefined || knowsRevocations();
    const context = addStatus(createContext(routed, credential), routed, isKnown);
    if (isUsedUp(context)) {
      const replay = replayOf?.(routed.route);
      const asked = { token, startedMs, validator, introspect };
      return hold(judgeBeforeUse(routed, { ...asked, context: replay ? { ...context, replay } : context }));
    }
    const own = validator.judge?.(token, context) ?? validator.validate(token, context);
    const verdict = introspect === undefined ? own : askIssuer(introspect, { routed, token, context, own });
    if (!(verdict instanceof Promise)) {
      return judgeVerdict(routed, verdict, performance.now() - startedMs);
    }
    return hold(verdict.then((settled) => judgeVerdict(routed, settled, performance.now() - startedMs)));
  };
  return (routed) => {
    if (routed.route.allow === "anonymous") return watchToken(routed, validator);
    const { scopes } = routed.policy.requirement;
    // What only its issuer can read is held to the header's grammar first.
    const credential = (introspect === undefined ? readCredential : extractCredential)(routed.reading);
    if (credential === undefined && routed.route.allow === "optional") return letIn(routed);
    if (!isCredential(credential)) return refuse(credential ?? MISSING, scopes);
    if (pending >= maxPending) {
      return refuse(createRefusal("overloaded", { retryAfterSeconds: OVERLOAD_RETRY_SECONDS }), scopes);
    }
    return validate(routed, credential);
  };
}

/** What the route asks of revocation and replay. Without either, which is the rule, the context stays as it is. */
function addStatus(
  context: ValidationContext | undefined,
  { route, request }: RoutedRequest,
  isKnown: boolean,
): ValidationContext | undefined {
  const isFresh = route.revocation === "fresh" || !isKnown;
  // What stays open was used when it was opened.
  const singleUse = route.singleUse === true && request.isOngoing !== true;
  if (!isFresh && !singleUse) return context;
  return { ...context, ...(isFresh && { revocationFreshness: "required" }), ...(singleUse && { singleUse }) };
}

/** Whether accepting the token uses something up: a DPoP proof, or the token itself. */
function isUsedUp(context: ValidationContext | undefined): context is ValidationContext {
  const presentation = context?.presentation;
  if (context?.singleUse === true) return true;
  return presentation !== undefined && presentation !== "unchecked" && presentation.scheme === "DPoP";
}

/** Asks issuer and requirement before anything is used up, so that what is refused may be presented again. */
async function judgeBeforeUse(
  routed: RoutedRequest,
  asked: Omit<TokenJudgeSetup, "maxPending"> & {
    readonly token: string;
    readonly context: ValidationContext;
    readonly startedMs: number;
  },
): Promise<Judged> {
  const { token, context, startedMs, validator, introspect } = asked;
  // Of two that judge the same token, one uses it up.
  const onceUsed = { ...context, singleUse: false };
  const measure = (): number => performance.now() - startedMs;
  let early: Judged | undefined;
  const judgeEarly = (verdict: Accepted): Rejected | undefined => {
    early = judgeRequirement(routed, verdict, measure());
    return early.outcome.kind === "refused" ? early.outcome.rejected : undefined;
  };
  const beforeUse = async (own: Accepted): Promise<Rejected | undefined> => {
    const verdict =
      introspect === undefined ? own : await askIssuer(introspect, { routed, token, context: onceUsed, own });
    return verdict.ok ? judgeEarly(verdict) : verdict;
  };
  // The early one knows the scopes and the step-up of the route, where it is the one that counts.
  const choose = (verdict: Verdict): Judged =>
    early !== undefined && (verdict.ok || early.outcome.kind === "refused")
      ? { ...early, outcome: passNonce(early.outcome, verdict), validationMs: measure() }
      : judgeVerdict(routed, verdict, measure());
  const own = await validator.validate(token, { ...context, beforeUse });
  if (introspect === undefined || early !== undefined) return choose(own);
  // A token that only its issuer can read is used up by what the issuer says of it, and the requirement comes before.
  return choose(
    await askIssuer(introspect, { routed, token, context: { ...context, beforeUse: judgeEarly }, own }),
  );
}

/** The nonce that came with the use of the proof, which was after the requirement. */
function passNonce(outcome: Outcome, verdict: Verdict): Outcome {
  if (outcome.kind === "refused" || outcome.verdict === undefined || !verdict.ok) return outcome;
  const { dpopNonce } = verdict;
  return dpopNonce === undefined ? outcome : { ...outcome, verdict: { ...outcome.verdict, dpopNonce } };
}

/** What is found out here comes first: an issuer is asked about its own tokens, and about what may be one. */
function askIssuer(
  introspect: IntrospectToken,
  asked: Pick<IntrospectionQuestion, "token" | "context"> & {
    readonly routed: RoutedRequest;
    readonly own: Verdict | Promise<Verdict>;
  },
): Verdict | Promise<Verdict> {
  const { routed, token, context, own } = asked;
  const always = routed.route.introspect === true;
  if (own instanceof Promise) return own.then((verdict) => introspect({ token, context, verdict, always }));
  return introspect({ token, context, verdict: own, always });
}

const MISSING = createRefusal("missing_token");
const BEARER = "Bearer ";

function judgeVerdict(routed: RoutedRequest, verdict: Verdict, validationMs: number): Judged {
  if (verdict.ok) return judgeRequirement(routed, verdict, validationMs);
  const { scopes } = routed.policy.requirement;
  // What breaks the grammar of the header is told as that, whatever the validator made of it.
  const extraction = extractBearer(routed.reading.values("authorization"));
  if (extraction.kind === "malformed") return refuse(rejectExtraction(extraction), scopes);
  const isDpop = extraction.kind === "token" && extraction.scheme === "DPoP";
  const scheme = isDpop && ({ scheme: "DPoP" } as const);
  return { outcome: { kind: "refused", rejected: verdict, scopes, ...scheme }, validationMs };
}

function isCredential(credential: Credential | Rejected | undefined): credential is Credential {
  return typeof credential === "string" || (credential !== undefined && "token" in credential);
}

function readToken(credential: Credential): string {
  return typeof credential === "string" ? credential : credential.token;
}

const ONGOING: ValidationContext = { presentation: "unchecked" };

/** What the request shows beside its token; nothing where it is a bearer's and there is no certificate. */
function createContext(
  { request, reading }: RoutedRequest,
  credential: Credential,
): ValidationContext | undefined {
  const { clientCertificate, method, scheme, host, target, isOngoing } = request;
  if (isOngoing === true) return ONGOING;
  if (typeof credential === "string") {
    return clientCertificate && { presentation: { scheme: "Bearer", ...clientCertificate } };
  }
  const url = `${scheme}://${host}${target}`;
  const proofs = reading.values("dpop");
  return { presentation: { scheme: credential.scheme, proofs, method, url, ...clientCertificate } };
}

/** The token; undefined where there is no credential at all; else why what is there is none. Present but wrong is never absent (CVE-2021-21378). */
function readCredential(reading: HeaderReading): Credential | Rejected | undefined {
  const value = reading.first("authorization");
  if (value === undefined) return undefined;
  if (!reading.isRepeated("authorization")) {
    const token = readPlainBearer(value);
    if (token !== undefined) return token;
  }
  return extractCredential(reading);
}

function extractCredential(reading: HeaderReading): Credential | Rejected | undefined {
  if (reading.first("authorization") === undefined) return undefined;
  const extraction = extractBearer(reading.values("authorization"));
  if (extraction.kind === "token") return extraction.scheme === "Bearer" ? extraction.token : extraction;
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
  const verdict: Verdict = isCredential(credential) ? await watch(routed, credential, validator) : credential;
  if (!verdict.ok) return { ...letIn(routed), shadow: [describeRejected(name, verdict)] };
  const input = createInput(routed, verdict);
  const whole = describeShadow(name, requirement.judge?.(input) ?? { kind: "met" });
  const inner = requirement.shadows.map((each) => describeShadow(each.policy, each.judge(input)));
  return { ...letIn(routed), shadow: [whole, ...inner] };
}

/** No request waits for what is only watched, but for one that shows something beside its token. */
function watch(
  routed: RoutedRequest,
  credential: Credential,
  validator: TokenValidator,
): Verdict | Promise<Verdict> {
  const token = readToken(credential);
  const context = createContext(routed, credential);
  if (context === undefined && validator.validateSync !== undefined) return validator.validateSync(token);
  return validator.validate(token, context);
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
