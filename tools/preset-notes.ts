/** What the page of presets says beside their data: what for, why, and what they leave to the configuration. */

import type { ProfileName } from "countersign";

export interface PresetNote {
  readonly title: string;
  /** What is signed with the same keys and must not pass, and other reasons for the rules. */
  readonly why: string;
  /** What the preset cannot know. */
  readonly yours: string;
}

type PresetName = Exclude<ProfileName, "jwt" | "rfc9068">;

export const PRESET_NOTES: Readonly<Record<PresetName, PresetNote>> = {
  keycloak: {
    title: "Keycloak",
    why: "Access, ID, refresh, offline and logout tokens of a realm have the same keys and header; the payload's `typ` tells them apart. Roles of clients count only for the clients that are among the issuer's `audiences`. A person may register a name that begins with service-account-, so the name alone makes nobody a client.",
    yours:
      "By default `aud` names only `account`: add an audience mapper for this service to the client or a client scope.",
  },
  auth0: {
    title: "Auth0",
    why: "An ID token names no client in `azp` or `client_id`. Tokens of the client credentials grant have the subject `client@clients`; a user's has a connection and a bar before its id, so that no user can have such a subject.",
    yours:
      "With a custom domain, `issuer` is that domain. Roles stand in claims that an Action adds under a name of yours: map them.",
  },
  okta: {
    title: "Okta",
    why: "An ID token has no `cid`. A token without `uid` was issued to a client for itself. Tokens of the org authorization server are for Okta's own API, and nobody else can rely on how they are made.",
    yours:
      "Groups are there only where the authorization server has a claim for them: map it if it is not called `groups`.",
  },
  entra: {
    title: "Microsoft Entra ID",
    why: "`common` and `organizations` are everybody's: each tenant is an issuer of its own, and `tid` has to be the one in `issuer`. An ID token has neither `azp` (v2.0) nor `appid` (v1.0). Scopes are what a user let an application do; a token without them is an application's own, and its rights are `roles`. A token with neither carries no right and is refused.",
    yours:
      "v1.0 or v2.0 is the API's registration's to say (`requestedAccessTokenVersion`): `issuer` follows it. Tokens for Microsoft Graph are for nobody else, and their signature cannot be checked. Groups are ids; above 200 Entra leaves them out, and they are then not there.",
  },
  cognito: {
    title: "Amazon Cognito",
    why: "Access tokens have no `aud`, so `client_id` has to be among `audiences`; those that are bound to a resource have one, and are judged by it. ID tokens say so in `token_use`. A token without `username` is a client's.",
    yours: "`audiences` are ids of app clients.",
  },
  google: {
    title: "Google",
    why: "Google's access tokens are opaque; what services get is an ID token, for an application at which people log in, or from a service account. Every Google account can get one, and every service account for any audience. An organization vouches for `hd`; the domain of an e-mail address proves nothing, since private accounts may use such an address, so only service accounts are known by theirs.",
    yours:
      "Security events of Google, signed with the same keys, are refused. Ask for the scope email, or service accounts for the full format: without, a service account has no tenant.",
  },
  "github-actions": {
    title: "GitHub Actions",
    why: "Every workflow on GitHub gets a token for any audience it names. Names of users, organizations and repositories can be given up and taken over by others; ids cannot. `sub` can be shaped by repositories' owners, so nothing is concluded from it.",
    yours:
      "An owner is a whole organization: narrow routes by claims, such as `repository_id`, `job_workflow_ref`, `environment` or `ref`, exactly and never by a beginning. Pull requests of forks get no token of the repository.",
  },
  gitlab: {
    title: "GitLab CI",
    why: "Jobs choose the audience. GitLab signs ID tokens of people who log in with the same keys: those have no job. A namespace is the group (or user) that a project is directly in; ids of groups survive renaming.",
    yours:
      "A subgroup is a namespace of its own. Narrow routes by `project_id`, and by `ref_protected` for what only protected branches may do. In pipelines of merge requests from forks the project is the fork.",
  },
  kubernetes: {
    title: "Kubernetes service accounts",
    why: "Tokens of the TokenRequest API (projected volumes) name an audience, end, and say for which pod they are. Long-lived tokens of secrets have none of this, and are refused. Where namespaces have different owners, `tenants` says whose workloads may call.",
    yours:
      "A token outlives its pod until `exp`: keep `expirationSeconds` short, or ask the cluster (TokenReview). Without an audience of its own a pod's token is for the API server and must not be accepted anywhere else. `issuer` is the cluster's `--service-account-issuer`.",
  },
  spiffe: {
    title: "SPIFFE JWT-SVID",
    why: "The subject has to be the id of a workload, well-formed, in a trust domain that is listed; audience, expiry and the algorithms are those of the standard.",
    yours:
      "The standard does not require `iss`; this engine finds keys by it. SPIRE writes it with `jwt_issuer`, and its discovery provider serves the keys; a bundle whose keys are for `jwt-svid` is not read. Subjects are at most 1024 characters.",
  },
  "cloudflare-access": {
    title: "Cloudflare Access",
    why: "Tokens of type `org` are the session of the whole organization; only those of type `app`, for this application's AUD tag, are for services behind Access.",
    yours:
      "The token arrives in `Cf-Access-Jwt-Assertion`: hand it on as `Authorization: Bearer`. Keys: `jwksUri: https://<team>.cloudflareaccess.com/cdn-cgi/access/certs`. Service tokens name nobody (their subject is empty) and are refused.",
  },
};
