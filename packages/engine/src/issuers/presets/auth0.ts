import type { Profile } from "../profile.ts";

/** ID tokens have neither `azp` nor `client_id`. A user's `sub` has a "|" behind its connection, a client's has none. */
export const AUTH0: Profile = {
  name: "auth0",
  types: ["JWT", "at+jwt"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub"],
  issuer: { pattern: /^https:\/\/[^/?#]+\/$/, such: "https://shop.eu.auth0.com/, with the final /" },
  rules: [[{ claim: "azp" }, { claim: "client_id" }]],
  principal: {
    client: ["client_id", "azp"],
    tenant: "org_id",
    clientIf: [[{ claim: "gty", is: ["client-credentials"] }], [{ claim: "sub", like: /^[^|]+@clients$/ }]],
  },
};
