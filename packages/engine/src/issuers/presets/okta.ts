import type { Profile } from "../profile.ts";

/** Only a custom authorization server's tokens are for others than Okta. ID tokens have no `cid`, clients no `uid`. */
export const OKTA: Profile = {
  name: "okta",
  types: ["JWT", "at+jwt"],
  typeMayBeAbsent: true,
  requiredClaims: ["sub"],
  issuer: {
    pattern: /^https:\/\/[^/?#]+\/oauth2\/[^/?#]+$/,
    such: "https://shop.okta.com/oauth2/default: tokens of the org's own server are for Okta alone",
  },
  rules: [[{ claim: "cid" }]],
  principal: { client: "cid", scopes: "scp", clientIf: [[{ claim: "uid", absent: true }]] },
};
