/** What an assertion says of a principal: everything but by whom, when and for how long. */

import type { Accepted, JsonObject, JsonValue } from "countersign";

import type { AssertionConfiguration } from "../config/assertion-configuration.ts";

/** Gives the claims of a verdict for an audience. Equal claims are equal text. */
export type DescribePrincipal = (verdict: Accepted, audience: string) => JsonObject;

/** Repeated as they are: on whose behalf, how strongly and when it was authenticated, and of which transaction. */
const REPEATED = ["act", "acr", "auth_time", "txn"] as const;

/** `sub_id` is of RFC 9493 section 3.2.3; `act`, `client_id` and `scope` of RFC 8693 section 4. No `cnf`: nobody proves a key. */
export function createPrincipalDescriber(configuration: AssertionConfiguration): DescribePrincipal {
  const { subjects = "plain", claims: names } = configuration;
  const repeated = [...REPEATED, ...names];
  return ({ token, principal }, audience) => {
    const { subject, client, scopes, roles } = principal;
    const claims: Record<string, JsonValue> = { aud: audience };
    if (subject !== undefined) {
      claims["sub"] = subjects === "plain" ? subject : `${token.issuer}|${subject}`;
      claims["sub_id"] = { format: "iss_sub", iss: principal.issuer, sub: subject };
    }
    if (client !== undefined) claims["client_id"] = client;
    if (scopes.length > 0) claims["scope"] = scopes.join(" ");
    if (roles.length > 0) claims["roles"] = roles;
    for (const name of repeated) {
      const value = token.claims[name];
      if (value !== undefined) claims[name] = value;
    }
    return claims;
  };
}
