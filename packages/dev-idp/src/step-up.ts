/**
 * How strongly somebody signed in (`acr`), and asking for more (RFC 9470): what a resource answers with
 * `insufficient_user_authentication` comes back here as `acr_values` and `max_age`.
 */

import { errors, interactionPolicy } from "./load-oidc-provider.ts";

/** The levels that the sign-in page offers, the weakest first. There are no real factors behind them. */
export const DEV_ACR_VALUES: readonly [string, ...string[]] = [
  "urn:countersign:acr:one-factor",
  "urn:countersign:acr:two-factor",
];

/** The levels that a request asks for; undefined where it asks for none. */
export function readAcrValues(
  parameters: Readonly<Record<string, unknown>> | undefined,
): readonly string[] | undefined {
  const value = parameters?.["acr_values"];
  return typeof value === "string" && value !== "" ? value.split(" ") : undefined;
}

/** oidc-provider's policy, and a new sign-in where the session's is not among the levels that are asked for. */
export function createInteractionPolicy(): ReturnType<typeof interactionPolicy.base> {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy.get("login")?.checks.add(
    new Check(
      "acr_values",
      "the requested authentication level was not reached",
      "unmet_authentication_requirements",
      ({ oidc }) => {
        const wanted = readAcrValues(oidc.params);
        if (wanted === undefined) return Check.NO_NEED_TO_PROMPT;
        if (!wanted.some((acr) => DEV_ACR_VALUES.includes(acr))) {
          throw new errors.UnmetAuthenticationRequirements("none of the requested acr_values is offered");
        }
        return oidc.acr !== undefined && wanted.includes(oidc.acr)
          ? Check.NO_NEED_TO_PROMPT
          : Check.REQUEST_PROMPT;
      },
    ),
  );
  return policy;
}
