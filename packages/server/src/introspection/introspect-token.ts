/** When an issuer is asked about a token, and what its answer is worth. */

import type {
  JsonObject,
  Rejected,
  StatedToken,
  ValidationContext,
  Verdict,
  VerifiedToken,
} from "countersign";

import { createRefusal } from "../decision/create-refusal.ts";
import type { IntrospectionQuestion, IntrospectToken } from "../decision/introspect-token.ts";
import { BREAKER_PAUSE_MS } from "../oauth-client/guard-endpoint.ts";
import type { Introspector } from "./create-introspector.ts";
import { isOpaque } from "./is-opaque.ts";

export interface TokenIntrospectionSetup {
  readonly introspectors: readonly Introspector[];
  /** By the rules that hold for the issuer's JWTs. */
  judgeStated(stated: StatedToken, context: ValidationContext | undefined): Verdict | Promise<Verdict>;
  readonly clock: () => number;
}

/** Members of an answer that are no claims of a token (RFC 7662 section 2.2). */
const NO_CLAIMS: readonly string[] = ["active", "token_type", "username"];
/** In lower case; RFC 6750 and RFC 9449. */
const ACCESS_TOKEN_TYPES: readonly string[] = ["bearer", "dpop"];
/** What an answer about the same token cannot change. */
const IDENTITY: readonly string[] = ["iss", "sub", "client_id", "jti", "iat", "cnf"];
const RETRY_SECONDS = 1;

/** Undefined where no issuer is asked. */
export function createTokenIntrospection(setup: TokenIntrospectionSetup): IntrospectToken | undefined {
  const { introspectors, clock } = setup;
  if (introspectors.length === 0) return undefined;
  const byAlias = new Map(introspectors.map((introspector) => [introspector.asked.alias, introspector]));
  const forOpaque = introspectors.find(({ asked }) => asked.introspection.opaqueTokens);
  return ({ token, context, verdict, always }) => {
    if (!verdict.ok) {
      const isAsked = verdict.reason === "malformed_token" && isOpaque(token);
      return isAsked && forOpaque !== undefined
        ? ask(forOpaque, { token, context, verified: undefined })
        : verdict;
    }
    const introspector = byAlias.get(verdict.token.issuer);
    if (introspector === undefined) return always ? refuseUnasked(verdict.token) : verdict;
    if (!always && !needsAnswer(introspector, verdict.token)) return verdict;
    return ask(introspector, { token, context, verified: verdict.token });
  };

  function needsAnswer({ asked }: Introspector, { claims }: VerifiedToken): boolean {
    const { jwts, jwtsOlderThanSeconds } = asked.introspection;
    if (jwts === "always") return true;
    if (jwtsOlderThanSeconds === undefined) return false;
    return claims.iat === undefined || clock() / 1000 - claims.iat > jwtsOlderThanSeconds;
  }

  async function ask(
    introspector: Introspector,
    {
      token,
      context,
      verified,
    }: Pick<IntrospectionQuestion, "token" | "context"> & Pick<StatedToken, "verified">,
  ): Promise<Verdict> {
    const { alias: issuer, issuer: iss } = introspector.asked;
    const outcome = await introspector.introspect(token);
    if (outcome.kind === "unavailable") return refuseUnavailable(outcome, issuer);
    if (outcome.kind === "inactive") return createRefusal("token_inactive", { issuer });
    const { claims } = outcome;
    const problem = findProblem(claims, { iss, verified, issuer });
    if (problem !== undefined) return problem;
    const stated = Object.entries(claims).filter(([name]) => !NO_CLAIMS.includes(name));
    // The endpoint speaks for its issuer alone: an answer need not repeat who that is.
    const whole = { ...verified?.claims, iss, ...Object.fromEntries(stated) };
    return setup.judgeStated({ text: token, claims: whole, verified }, context);
  }
}

function findProblem(
  claims: JsonObject,
  about: { readonly iss: string; readonly issuer: string; readonly verified: VerifiedToken | undefined },
): Rejected | undefined {
  const { iss, issuer, verified } = about;
  const mismatch = findTypeProblem(claims);
  if (mismatch !== undefined) return createRefusal("type_mismatch", { issuer, expected: mismatch });
  if (claims["iss"] !== undefined && claims["iss"] !== iss) {
    return createRefusal("issuer_untrusted", {
      expected: "iss of the answer to be the issuer that was asked",
    });
  }
  if (verified === undefined) return undefined;
  const changed = IDENTITY.find(
    (name) => claims[name] !== undefined && !isEqual(claims[name], verified.claims[name]),
  );
  if (changed === undefined) return undefined;
  const expected = `${changed} of the answer to be that of the token`;
  return createRefusal("introspection_unavailable", { issuer, expected, retryAfterSeconds: RETRY_SECONDS });
}

/** What `token_type` should be; undefined where it is. A refresh token is active too, and must not open anything. */
function findTypeProblem({ token_type: type, cnf }: JsonObject): string | undefined {
  if (type === undefined) return undefined;
  const name = typeof type === "string" ? type.toLowerCase() : "";
  if (!ACCESS_TOKEN_TYPES.includes(name)) return "token_type Bearer or DPoP";
  const isBound = typeof cnf === "object" && cnf !== null && "jkt" in cnf;
  // An issuer that forgets one of the two would make a bearer's token of a bound one.
  if (isBound === (name === "dpop")) return undefined;
  return isBound ? "token_type DPoP beside cnf.jkt" : "cnf.jkt beside token_type DPoP";
}

/** Both come from JSON. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [ours, theirs] = [Object.entries(a), new Map(Object.entries(b))];
  return ours.length === theirs.size && ours.every(([name, value]) => isEqual(value, theirs.get(name)));
}

function refuseUnavailable(
  { fault, detail }: { readonly fault: string; readonly detail: string },
  issuer: string,
): Rejected {
  const retryAfterSeconds = fault === "breaker_open" ? BREAKER_PAUSE_MS / 1000 : RETRY_SECONDS;
  const reason = fault === "overloaded" ? "overloaded" : "introspection_unavailable";
  return createRefusal(reason, { issuer, found: detail, retryAfterSeconds });
}

function refuseUnasked({ issuer }: VerifiedToken): Rejected {
  return createRefusal("policy_denied", { issuer, expected: "an issuer that can be asked about its tokens" });
}
