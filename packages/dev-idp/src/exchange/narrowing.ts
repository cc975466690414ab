/** What an exchanged token may do, where, and for how long: never more than the token that it came from. */

import { errors } from "../load-oidc-provider.ts";
import type { DevExchangeRule } from "./exchange-rule.ts";
import type { GoodToken } from "./shown-token.ts";

/**
 * The rule by which the client may get a token for the target.
 *
 * @throws InvalidTarget where it may get none for the target, InvalidRequest where it may not take the subject's token.
 */
export function chooseRule(
  rules: readonly DevExchangeRule[],
  on: { readonly clientId: string; readonly target: string; readonly subject: GoodToken },
): DevExchangeRule {
  const toTarget = rules.filter(({ clientId, to }) => clientId === on.clientId && to === on.target);
  if (toTarget.length === 0)
    throw new errors.InvalidTarget("no rule lets this client get tokens for the target");
  // Whoever finds a token could otherwise make another of it: it has to be one that was meant for this client's API.
  const rule = toTarget.find(({ from }) => from.includes(on.subject.audience));
  if (rule === undefined)
    throw new errors.InvalidRequest("the subject_token is for an audience that is not this client's");
  return rule;
}

/** @throws InvalidScope where something is asked for that the subject or the rule does not have, or nothing is left. */
export function narrowScopes(
  requested: readonly string[] | undefined,
  { subject, rule }: { readonly subject: GoodToken; readonly rule: DevExchangeRule },
): readonly string[] {
  const most = rule.scopes.filter((scope) => subject.scopes.includes(scope));
  const beyond = requested?.filter((scope) => !most.includes(scope)) ?? [];
  if (beyond.length > 0) {
    throw new errors.InvalidScope(
      "more is asked for than subject, client and target have in common",
      beyond.join(" "),
    );
  }
  const scopes = requested ?? most;
  if (scopes.length > 0) return scopes;
  throw new errors.InvalidScope("subject, client and target have no scope in common", "");
}

/** In seconds. @throws InvalidRequest where a token is over within this second. */
export function narrowLifetime(
  tokens: readonly GoodToken[],
  { nowSeconds, longest }: { readonly nowSeconds: number; readonly longest: number },
): number {
  const left = Math.min(longest, ...tokens.map(({ expiresAt }) => expiresAt - nowSeconds));
  if (left >= 1) return left;
  throw new errors.InvalidRequest("subject_token or actor_token is over");
}
