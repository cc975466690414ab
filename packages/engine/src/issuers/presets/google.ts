import type { Profile } from "../profile.ts";

const SERVICE_ACCOUNT = /@([\da-z.-]+\.gserviceaccount\.com)$/;

/**
 * Google's JWTs are ID tokens; its access tokens are opaque. Every account may get one for any audience: what an
 * organization vouches for is `hd`, and not the domain of an e-mail address, which private accounts have too.
 */
export const GOOGLE: Profile = {
  name: "google",
  types: ["JWT"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub"],
  issuer: { pattern: /^https:\/\/accounts\.google\.com$/, such: "https://accounts.google.com" },
  rules: [
    [
      { claim: "email", absent: true },
      { claim: "email_verified", is: [true] },
    ],
  ],
  audienceNeeded: true,
  takesIdTokens: true,
  tenants: "domains of organizations (hd), and of service accounts (project.iam.gserviceaccount.com)",
  principal: {
    client: "azp",
    tenant: ["hd", { path: "email", capture: SERVICE_ACCOUNT }],
    workloadIf: [[{ claim: "email", like: SERVICE_ACCOUNT }]],
  },
};
