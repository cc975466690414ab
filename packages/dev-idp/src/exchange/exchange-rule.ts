/** The policy of token exchange: a table of who may turn which tokens into which. */

import type { ConfigurationProblem } from "countersign";
import { checkKnown, checkWithin } from "../option-checks.ts";

/** One way in which a client may exchange tokens. What no rule says is refused. */
export interface DevExchangeRule {
  /** Who exchanges. It has to authenticate; a public client never may. */
  readonly clientId: string;
  /** Audiences of the tokens that it takes: those of the APIs that it stands for. */
  readonly from: readonly string[];
  /** The audience of the token that it gets. */
  readonly to: string;
  /** The most that the token may do. It never does more than the subject's token does. */
  readonly scopes: readonly string[];
  /** Longest life of the token, which also ends with the subject's. Default `accessTokenTtlSeconds`; 1..86400. */
  readonly lifetimeSeconds?: number;
  /** Leaves the client out of `act`, so that nobody sees that it is not the subject itself. Default false. */
  readonly impersonation?: boolean;
}

/** Longest life that a rule may give. */
const MAX_LIFETIME_SECONDS = 86_400;

export function checkExchangeRule(
  path: string,
  on: {
    readonly rule: DevExchangeRule;
    readonly clientIds: readonly string[];
    readonly audiences: readonly string[];
    readonly scopes: readonly string[];
  },
): ConfigurationProblem[] {
  const { rule, clientIds, audiences, scopes } = on;
  return [
    ...checkKnown(`${path}.clientId`, { value: rule.clientId, known: clientIds }),
    ...checkKnown(`${path}.to`, { value: rule.to, known: audiences }),
    ...rule.from.flatMap((value, index) => checkKnown(`${path}.from[${index}]`, { value, known: audiences })),
    ...rule.scopes.flatMap((value, index) =>
      checkKnown(`${path}.scopes[${index}]`, { value, known: scopes }),
    ),
    ...checkWithin(`${path}.lifetimeSeconds`, {
      value: rule.lifetimeSeconds ?? 1,
      bounds: [1, MAX_LIFETIME_SECONDS],
    }),
  ];
}
