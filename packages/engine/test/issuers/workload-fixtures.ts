/** Tokens of issuers that speak for running code. */

import { type PresetFixture, without } from "./preset-fixture.ts";

const GITHUB_JOB = {
  jti: "example-id",
  sub: "repo:octo-org/octo-repo:environment:prod",
  environment: "prod",
  aud: "https://orders.example.com",
  ref: "refs/heads/main",
  sha: "example-sha",
  repository: "octo-org/octo-repo",
  repository_owner: "octo-org",
  actor_id: "12",
  repository_visibility: "private",
  repository_id: "74",
  repository_owner_id: "65",
  run_id: "example-run-id",
  run_number: "10",
  run_attempt: "2",
  runner_environment: "github-hosted",
  actor: "octocat",
  workflow: "example-workflow",
  head_ref: "",
  base_ref: "",
  event_name: "workflow_dispatch",
  ref_type: "branch",
  job_workflow_ref: "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
};

const GITLAB_JOB = {
  namespace_id: "72",
  namespace_path: "my-group",
  project_id: "20",
  project_path: "my-group/my-project",
  user_id: "1",
  user_login: "sample-user",
  user_email: "sample-user@example.com",
  user_access_level: "developer",
  pipeline_id: "574",
  pipeline_source: "push",
  job_id: "302",
  ref: "feature-branch-1",
  ref_type: "branch",
  ref_path: "refs/heads/feature-branch-1",
  ref_protected: "false",
  groups_direct: ["my-group"],
  environment: "test-environment2",
  runner_id: 1,
  runner_environment: "self-hosted",
  sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
  project_visibility: "public",
  jti: "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
  sub: "project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1",
  aud: "https://orders.example.com",
};

const SERVICE_ACCOUNT = {
  aud: ["https://orders.example.com"],
  jti: "aed34954-b33a-4142-b1ec-389d6bbb4936",
  "kubernetes.io": {
    namespace: "shop",
    node: { name: "my-node", uid: "646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1" },
    pod: { name: "my-pod", uid: "5e0bd49b-f040-43b0-99b7-22765a53f7f3" },
    serviceaccount: { name: "worker", uid: "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798" },
  },
  sub: "system:serviceaccount:shop:worker",
};

const SVID = { aud: ["orders"], sub: "spiffe://example.org/ns/shop/sa/worker" };

export const WORKLOAD_FIXTURES: readonly PresetFixture[] = [
  {
    profile: "github-actions",
    issuer: "https://token.actions.githubusercontent.com",
    audience: "https://orders.example.com",
    tenants: ["65"],
    typ: "JWT",
    good: {
      "a job's": {
        claims: GITHUB_JOB,
        principal: { kind: "workload", tenant: "65", client: undefined, subject: GITHUB_JOB.sub },
      },
      "a job's of an owner that changed its name": {
        claims: { ...GITHUB_JOB, repository_owner: "octo-org-2" },
        principal: { tenant: "65" },
      },
    },
    bad: {
      "a job's of somebody who took over the name": {
        claims: { ...GITHUB_JOB, repository_owner_id: "66" },
        reason: "claim_invalid",
      },
      "one whose owner's id is a number": {
        claims: { ...GITHUB_JOB, repository_owner_id: 65 },
        reason: "type_mismatch",
      },
      "one of no job": { claims: without(GITHUB_JOB, "run_id"), reason: "type_mismatch" },
      "one for another service": {
        claims: { ...GITHUB_JOB, aud: "https://github.com/octo-org" },
        reason: "audience_mismatch",
      },
    },
    foreignIssuers: [
      "https://token.actions.githubusercontent.com.evil.example",
      "https://token.actions.githubusercontent.com/",
    ],
  },
  {
    profile: "gitlab",
    issuer: "https://gitlab.com",
    audience: "https://orders.example.com",
    tenants: ["72"],
    typ: "JWT",
    good: { "a job's": { claims: GITLAB_JOB, principal: { kind: "workload", tenant: "72", groups: [] } } },
    bad: {
      "another group's": { claims: { ...GITLAB_JOB, namespace_id: "73" }, reason: "claim_invalid" },
      "an ID token of somebody who logged in": {
        claims: { sub: "1", jti: "j", aud: GITLAB_JOB.aud, name: "Ada", groups_direct: ["my-group"] },
        reason: "type_mismatch",
      },
      "one of no job": { claims: without(GITLAB_JOB, "job_id"), reason: "type_mismatch" },
    },
    foreignIssuers: ["https://gitlab.com/", "http://gitlab.com"],
  },
  {
    profile: "kubernetes",
    issuer: "https://kubernetes.default.svc.cluster.local",
    audience: "https://orders.example.com",
    tenants: ["shop"],
    typ: undefined,
    good: { "a pod's": { claims: SERVICE_ACCOUNT, principal: { kind: "workload", tenant: "shop" } } },
    bad: {
      "another namespace's": {
        claims: {
          ...SERVICE_ACCOUNT,
          "kubernetes.io": { ...SERVICE_ACCOUNT["kubernetes.io"], namespace: "evil" },
        },
        reason: "claim_invalid",
      },
      "a secret's": {
        claims: {
          ...without(SERVICE_ACCOUNT, "kubernetes.io"),
          "kubernetes.io/serviceaccount/namespace": "shop",
          "kubernetes.io/serviceaccount/service-account.name": "worker",
        },
        reason: "type_mismatch",
      },
      "one of no service account": { claims: { ...SERVICE_ACCOUNT, sub: "ada" }, reason: "type_mismatch" },
      "one for the cluster itself": {
        claims: { ...SERVICE_ACCOUNT, aud: ["https://kubernetes.default.svc.cluster.local"] },
        reason: "audience_mismatch",
      },
    },
    foreignIssuers: [],
  },
  {
    profile: "spiffe",
    issuer: "https://oidc-discovery.example.org",
    audience: "orders",
    tenants: ["example.org"],
    typ: "JWT",
    good: {
      "a workload's": {
        claims: SVID,
        principal: { kind: "workload", tenant: "example.org", subject: SVID.sub },
      },
    },
    bad: {
      "another trust domain's": {
        claims: { ...SVID, sub: "spiffe://evil.example/ns/shop/sa/worker" },
        reason: "claim_invalid",
      },
      "one of the trust domain itself": {
        claims: { ...SVID, sub: "spiffe://example.org" },
        reason: "type_mismatch",
      },
      "one with dots for a segment": {
        claims: { ...SVID, sub: "spiffe://example.org/a/../b" },
        reason: "type_mismatch",
      },
      "one with an empty segment": {
        claims: { ...SVID, sub: "spiffe://example.org/a//b" },
        reason: "type_mismatch",
      },
      "one with a port": { claims: { ...SVID, sub: "spiffe://example.org:80/a" }, reason: "type_mismatch" },
      "one without an audience": { claims: without(SVID, "aud"), reason: "claim_missing" },
    },
    foreignIssuers: [],
  },
];
