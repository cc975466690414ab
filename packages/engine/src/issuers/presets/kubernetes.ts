import type { Profile } from "../profile.ts";

/** Tokens of the TokenRequest API. Those of secrets have no `kubernetes.io`, no audience and no end. */
export const KUBERNETES: Profile = {
  name: "kubernetes",
  types: ["JWT"],
  typeMayBeAbsent: true,
  requiredClaims: ["sub", "iat"],
  rules: [
    [{ claim: "sub", like: /^system:serviceaccount:[^:]+:[^:]+$/ }],
    [{ claim: "/kubernetes.io/namespace" }],
    [{ claim: "/kubernetes.io/serviceaccount/name" }],
    [{ claim: "/kubernetes.io/serviceaccount/uid" }],
  ],
  audienceNeeded: true,
  principal: { kind: "workload", client: [], tenant: "/kubernetes.io/namespace" },
};
