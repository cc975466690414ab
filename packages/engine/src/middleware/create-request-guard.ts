/** From a request to who asks, or to the answer that refuses it. What frameworks differ in stays outside. */

import { answerRejected, type HttpAnswer } from "../http/answer-rejected.ts";
import { checkChallengeOptions } from "../http/check-challenge-options.ts";
import type { ChallengeOptions } from "../http/create-challenge.ts";
import { extractProofs } from "../http/create-presentation.ts";
import { type ExtractedToken, extractBearer, rejectExtraction } from "../http/extract-bearer.ts";
import { type CompiledRequirement, createRequirementCompiler } from "../policy/compile-requirements.ts";
import type { PolicyInput, PolicyRequest } from "../policy/policy-input.ts";
import type { PolicyOutcome, StepUp } from "../policy/policy-outcome.ts";
import { REASONS } from "../reasons.ts";
import { ConfigurationError, type ConfigurationProblem } from "../validator/configuration-error.ts";
import type { ValidationContext } from "../validator/judge-setup.ts";
import type { Accepted, Rejected, Verdict } from "../validator/verdict.ts";
import type { GuardOptions, GuardRule } from "./guard-options.ts";

/** A request of any framework. */
export interface GuardedRequest {
  /** Repetitions stay visible. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly method: string;
  /** Absolute, or from "/" on: then the guard's `origin` is put before it. */
  readonly url: string;
  /** DER of the client certificate; asked only where a token is there. */
  readonly certificate?: (() => Uint8Array | undefined) | undefined;
}

export type GuardOutcome =
  /** `nonce`: for the `DPoP-Nonce` field of the answer, where the next proof needs another one (RFC 9449 section 8.2). */
  | { readonly kind: "accepted"; readonly accepted: Accepted; readonly nonce: string | undefined }
  /** No token where none has to be. */
  | { readonly kind: "anonymous" }
  | { readonly kind: "refused"; readonly rejected: Rejected; readonly answer: HttpAnswer };

/** Judges requests by one rule. Never throws or rejects for what a request contains. */
export type JudgeRequest = (request: GuardedRequest) => GuardOutcome | Promise<GuardOutcome>;

const ANONYMOUS: GuardOutcome = Object.freeze({ kind: "anonymous" });
const NOTHING: CompiledRequirement = Object.freeze({ judge: undefined, shadows: [], scopes: [] });

/**
 * Compiles a guard; each rule is compiled when its route is set up, not per request.
 *
 * @throws ConfigurationError with all problems of the options, or of a rule.
 */
export function createRequestGuard(options: GuardOptions): (rule?: GuardRule) => JudgeRequest {
  refuseProblems([
    ...checkChallengeOptions(options),
    ...checkOrigin(options.origin),
    ...compileRequirement(options, {}).problems,
  ]);
  return (rule = {}) => {
    const { requirement, problems } = compileRequirement(options, rule);
    refuseProblems(problems);
    return createJudge({ options, rule, requirement });
  };
}

interface JudgeParts {
  readonly options: GuardOptions;
  readonly rule: GuardRule;
  readonly requirement: CompiledRequirement;
}

function compileRequirement(options: GuardOptions, { require: wanted }: GuardRule) {
  const { requirements = {}, compileExpression } = options;
  const compiler = createRequirementCompiler(requirements, {
    ...(compileExpression && { compileExpression }),
  });
  const place = { path: "require", policy: "require" };
  const requirement = wanted === undefined ? NOTHING : compiler.compile(wanted, place);
  return { requirement, problems: compiler.problems };
}

function checkOrigin(origin: string | undefined): readonly ConfigurationProblem[] {
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).origin === origin)) return [];
  const remedy = 'Write scheme, host and port as clients see them, such as "https://api.example.com".';
  return [{ path: "origin", problem: "expected an origin without path and final slash", remedy }];
}

function refuseProblems(problems: readonly ConfigurationProblem[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw new ConfigurationError([first, ...others]);
}

function createJudge(parts: JudgeParts): JudgeRequest {
  const { options, rule } = parts;
  return (request) => {
    const credential = extractBearer(request.headers);
    if (credential.kind === "absent" && rule.optional === true) return ANONYMOUS;
    if (credential.kind !== "token") return refuse(parts, rejectExtraction(credential));
    let stepUp: StepUp | undefined;
    const judgePolicy = (accepted: Accepted): Rejected | undefined => {
      const outcome = judgeRequirement(parts, { request, accepted });
      if (outcome === undefined || outcome.kind === "met") return undefined;
      stepUp = outcome.kind === "unmet" ? outcome.stepUp : undefined;
      return createRefusal(outcome, accepted);
    };
    const settle = (verdict: Verdict): GuardOutcome => {
      const { scheme } = credential;
      if (!verdict.ok) return refuse(parts, verdict, { scheme, stepUp });
      const unmet = judgePolicy(verdict);
      if (unmet !== undefined) return refuse(parts, unmet, { scheme, stepUp });
      tellShadows(parts, { request, accepted: verdict });
      return { kind: "accepted", accepted: verdict, nonce: verdict.dpopNonce };
    };
    const context = createContext(parts, { request, credential, beforeUse: judgePolicy });
    const verdict = options.validator.judge(credential.token, context);
    return verdict instanceof Promise ? verdict.then(settle) : settle(verdict);
  };
}

/** What is refused by the requirement uses neither proof nor token up. */
function createContext(
  { options, rule }: JudgeParts,
  asked: {
    readonly request: GuardedRequest;
    readonly credential: ExtractedToken;
    readonly beforeUse: (accepted: Accepted) => Rejected | undefined;
  },
): ValidationContext {
  const { singleUse, revocationFreshness } = rule;
  const { request, credential, beforeUse } = asked;
  const { scheme } = credential;
  const certificate = request.certificate?.();
  return {
    presentation: {
      scheme,
      // Nothing but a proof is compared with the request.
      ...(scheme === "DPoP" && {
        proofs: extractProofs(request.headers),
        method: request.method,
        url: describeUrl(request.url, options.origin),
      }),
      ...(certificate !== undefined && { certificate }),
    },
    beforeUse,
    ...(options.replay !== undefined && { replay: options.replay }),
    ...(singleUse !== undefined && { singleUse }),
    ...(revocationFreshness !== undefined && { revocationFreshness }),
  };
}

/** Without an origin a path stays a path, which no proof can name. */
function describeUrl(url: string, origin: string | undefined): string {
  if (origin === undefined) return url;
  if (url.startsWith("/") || !URL.canParse(url)) return origin + url;
  const { pathname, search } = new URL(url);
  return origin + pathname + search;
}

interface JudgedRequest {
  readonly request: GuardedRequest;
  readonly accepted: Accepted;
}

function judgeRequirement(parts: JudgeParts, judged: JudgedRequest): PolicyOutcome | undefined {
  const { judge } = parts.requirement;
  return judge?.(createInput(parts, judged));
}

function tellShadows(parts: JudgeParts, judged: JudgedRequest): void {
  const { onShadow } = parts.options;
  const { shadows } = parts.requirement;
  if (onShadow === undefined || shadows.length === 0) return;
  const input = createInput(parts, judged);
  const { token, principal } = judged.accepted;
  for (const { policy, judge } of shadows) {
    const outcome = judge(input);
    if (outcome.kind !== "met") onShadow({ policy, outcome, token, principal });
  }
}

/** Of the request only expressions know; its URL is not taken apart where there is none. */
function createInput({ options }: JudgeParts, { request, accepted }: JudgedRequest): PolicyInput {
  const { token, principal } = accepted;
  const { clock = Date.now } = options;
  return {
    token,
    principal,
    now: clock(),
    get request() {
      return describeRequest(request, options.origin);
    },
  };
}

/** Scheme and host are empty where neither the request nor the configuration has them. */
function describeRequest({ method, url }: GuardedRequest, origin: string | undefined): PolicyRequest {
  const whole = describeUrl(url, origin);
  if (!URL.canParse(whole))
    return { method, scheme: "", host: "", path: decodePath(url.replace(/\?.*$/s, "")) };
  const { protocol, hostname, pathname } = new URL(whole);
  return { method, scheme: protocol.slice(0, -1), host: hostname, path: decodePath(pathname) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function createRefusal(
  outcome: Exclude<PolicyOutcome, { readonly kind: "met" }>,
  { token }: Accepted,
): Rejected {
  const { reason, expected } = outcome;
  const { fault, stage, message } = REASONS[reason];
  return Object.freeze({ ok: false, reason, fault, stage, message, expected, issuer: token.issuer });
}

function refuse(
  { options, requirement }: JudgeParts,
  rejected: Rejected,
  told: { readonly scheme?: ChallengeOptions["scheme"]; readonly stepUp?: StepUp | undefined } = {},
): GuardOutcome {
  const { realm, resourceMetadata, dpopAlgorithms, dpopRequired } = options;
  const { scopes } = requirement;
  const answer = answerRejected(rejected, {
    ...(realm !== undefined && { realm }),
    ...(resourceMetadata !== undefined && { resourceMetadata }),
    ...(dpopAlgorithms !== undefined && { dpopAlgorithms }),
    ...(dpopRequired !== undefined && { dpopRequired }),
    ...(scopes.length > 0 && { scope: scopes }),
    ...(told.scheme !== undefined && { scheme: told.scheme }),
    ...told.stepUp,
  });
  return { kind: "refused", rejected, answer };
}
