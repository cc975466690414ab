/** Judges what an issuer's introspection endpoint says of a token, by the very rules that hold for its JWTs. */

import { createPrincipal } from "../principal/create-principal.ts";
import { Refusal } from "../refusal.ts";
import { createStatedToken } from "../signature/stated-token.ts";
import type { VerifiedToken } from "../signature/verified-token.ts";
import type { JsonObject } from "../token/json-value.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";
import { acceptToken } from "./accept-token.ts";
import { createRejected } from "./create-rejected.ts";
import { findIssuer } from "./judge.ts";
import type { JudgeCall, JudgeSetup } from "./judge-setup.ts";
import { runChecks } from "./run-checks.ts";
import type { Accepted, Verdict } from "./verdict.ts";

/** A token with what its issuer says of it. Whether it said "active" is the caller's to have seen to. */
export interface StatedToken {
  /** The token as it was presented; DPoP proofs name its hash. */
  readonly text: string;
  /** With `iss`, which the caller takes from its configuration where the answer leaves it out. Is frozen. */
  readonly claims: JsonObject;
  /**
   * The JWT that was asked about, where it is one that this validator accepted before: its proof and its first use
   * are not asked for again. The claims are then those of the JWT, replaced by those of the answer.
   */
  readonly verified?: VerifiedToken | undefined;
}

export function judgeStated(
  setup: JudgeSetup,
  stated: StatedToken,
  call: JudgeCall,
): Verdict | Promise<Verdict> {
  const { text, verified } = stated;
  const claims = freezeAll(stated.claims);
  const issuer = findIssuer(setup.issuers, claims);
  if (issuer instanceof Refusal) return createRejected(issuer);
  if (call.notes !== undefined) call.notes.issuer = issuer;
  // An opaque token has no header, so there is no type to judge.
  const checks = verified === undefined ? issuer.checks.filter(({ name }) => name !== "typ") : issuer.checks;
  const header = (verified?.header ?? NO_HEADER) as UnverifiedHeader;
  const refusal = runChecks(checks, { header, claims }, setup.clock);
  if (refusal !== undefined) return createRejected(refusal, issuer);
  const token = createStatedToken({ claims, issuer: issuer.name, verified });
  const principal = createPrincipal(token, issuer.mapping);
  const accepted: Accepted = Object.freeze({ ok: true, token, principal });
  return verified === undefined ? acceptToken(setup, { text, issuer, accepted }, call) : accepted;
}

const NO_HEADER = Object.freeze({});

function freezeAll<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) freezeAll(member);
  return Object.freeze(value);
}
