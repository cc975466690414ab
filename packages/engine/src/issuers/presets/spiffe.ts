import type { Profile } from "../profile.ts";

const SPIFFE_ID = /^spiffe:\/\/([\d._a-z-]{1,255})(?:\/(?!\.\.?(?:\/|$))[\w.-]+)+$/;

/** JWT-SVIDs whose issuer names itself in `iss`, which the standard leaves open. The subject's trust domain is the tenant. */
export const SPIFFE: Profile = {
  name: "spiffe",
  types: ["JWT", "JOSE"],
  typeMayBeAbsent: true,
  requiredClaims: ["sub"],
  algorithms: ["RS256", "ES256", "PS256", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512"],
  rules: [[{ claim: "sub", like: SPIFFE_ID }]],
  audienceNeeded: true,
  tenants: "trust domains",
  principal: { kind: "workload", client: [], tenant: { path: "sub", capture: SPIFFE_ID } },
};
