import type { Profile } from "../profile.ts";

/** Every workflow of everybody on GitHub gets tokens for any audience; names of owners may be taken over, ids are not. */
export const GITHUB_ACTIONS: Profile = {
  name: "github-actions",
  types: ["JWT"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub", "jti"],
  issuer: {
    pattern:
      /^https:\/\/(?:token\.actions\.(?:githubusercontent\.com|[\w-]+\.ghe\.com)(?:\/[\w-]+)?|[^/?#]+\/_services\/token)$/,
    such: "https://token.actions.githubusercontent.com",
  },
  rules: [
    [{ claim: "repository_owner_id", like: /^\d+$/ }],
    [{ claim: "repository_id" }],
    [{ claim: "run_id" }],
    [{ claim: "job_workflow_ref" }],
  ],
  audienceNeeded: true,
  tenants: "ids of the owners of repositories (repository_owner_id)",
  principal: { kind: "workload", client: [], tenant: "repository_owner_id" },
};
