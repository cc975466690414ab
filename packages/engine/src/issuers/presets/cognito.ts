import type { Profile } from "../profile.ts";

/** Access tokens have `client_id` for `aud`, unless they are for a resource. Clients have no user's name. */
export const COGNITO: Profile = {
  name: "cognito",
  types: ["JWT", "at+jwt"],
  typeMayBeAbsent: true,
  requiredClaims: ["sub"],
  issuer: {
    pattern: /^https:\/\/cognito-idp\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/\1_\w+$/,
    such: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi",
  },
  rules: [[{ claim: "token_use", is: ["access"] }], [{ claim: "client_id" }]],
  audienceOrClient: true,
  principal: {
    client: "client_id",
    groups: "cognito:groups",
    session: "origin_jti",
    clientIf: [[{ claim: "username", absent: true }]],
  },
};
