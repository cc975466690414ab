import type { Profile } from "../profile.ts";

/** Tokens for one application; those for the whole organization are of type org, and stay between Cloudflare and browsers. */
export const CLOUDFLARE_ACCESS: Profile = {
  name: "cloudflare-access",
  types: ["JWT"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub", "iat"],
  algorithms: ["RS256"],
  issuer: {
    pattern: /^https:\/\/[\da-z-]+\.cloudflareaccess\.com$/,
    such: "https://team.cloudflareaccess.com",
  },
  rules: [[{ claim: "type", is: ["app"] }], [{ claim: "identity_nonce" }]],
  audienceNeeded: true,
  principal: { client: [] },
};
