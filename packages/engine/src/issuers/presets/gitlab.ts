import type { Profile } from "../profile.ts";

/** Jobs of CI. GitLab signs ID tokens of people who log in with the same keys: those have no job. */
export const GITLAB: Profile = {
  name: "gitlab",
  types: ["JWT"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub", "jti"],
  issuer: { pattern: /^https:\/\/[^?#]*[^/?#]$/, such: "https://gitlab.com, without a final /" },
  rules: [
    [{ claim: "sub", like: /^project_(?:path|id):/ }],
    [{ claim: "namespace_id" }],
    [{ claim: "project_id" }],
    [{ claim: "pipeline_id" }],
    [{ claim: "job_id" }],
  ],
  audienceNeeded: true,
  tenants: "ids of the groups or users whose projects they are (namespace_id)",
  principal: { kind: "workload", client: [], tenant: "namespace_id" },
};
