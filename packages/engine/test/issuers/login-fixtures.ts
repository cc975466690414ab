/** Tokens of providers at which people log in. */

import { type PresetFixture, without } from "./preset-fixture.ts";

const KEYCLOAK_USER = {
  jti: "onrtac:8d1b2a62",
  aud: ["orders", "account"],
  sub: "f3b4b6f2-7d40-4b8a-9a5e-3a1c5d9a7f10",
  typ: "Bearer",
  azp: "shop",
  sid: "0f1e7c1b-5a86-4d0e-9a13-6f7ed2b1a0c4",
  acr: "1",
  "allowed-origins": ["https://shop.example.com"],
  realm_access: { roles: ["offline_access", "clerk"] },
  resource_access: { orders: { roles: ["editor"] }, account: { roles: ["view-profile"] } },
  scope: "openid email profile",
  email_verified: true,
  preferred_username: "ada",
  email: "ada@example.com",
};
const KEYCLOAK_SERVICE = {
  ...without(KEYCLOAK_USER, "sid", "email"),
  preferred_username: "service-account-shop",
  client_id: "shop",
  clientHost: "10.1.2.3",
  clientAddress: "10.1.2.3",
};

const AUTH0_USER = {
  sub: "auth0|507f1f77bcf86cd799439011",
  aud: ["https://orders.example.com", "https://shop.eu.auth0.com/userinfo"],
  azp: "my_client_id",
  scope: "openid profile read:orders",
  permissions: ["read:orders"],
  org_id: "org_9yRPjGHtyPSkWqCw",
};
const AUTH0_CLIENT = {
  sub: "VfmA2oXk@clients",
  aud: "https://orders.example.com",
  azp: "VfmA2oXk",
  scope: "read:orders",
  gty: "client-credentials",
};

const OKTA_USER = {
  ver: 1,
  jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
  aud: "api://orders",
  cid: "0oabucvyc38HLL1ef0h7",
  uid: "00uid4BxXw6I6TV4m0g3",
  scp: ["openid", "read"],
  sub: "ada@example.com",
};

const TENANT = "11111111-2222-3333-4444-555555555555";
const OTHER_TENANT = "99999999-2222-3333-4444-555555555555";
const ENTRA_USER = {
  aud: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
  aio: "AXQAi/8IAAAA",
  azp: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
  azpacr: "0",
  name: "Ada",
  oid: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
  preferred_username: "ada@example.com",
  rh: "I",
  scp: "Orders.Read Orders.Write",
  sub: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
  tid: TENANT,
  uti: "fqiBqXLPj0eQa82S-IYFAA",
  ver: "2.0",
};
const ENTRA_APPLICATION = {
  ...without(ENTRA_USER, "scp", "name", "preferred_username"),
  idtyp: "app",
  roles: ["Orders.Read.All"],
  sub: ENTRA_USER.oid,
};
const ENTRA_V1 = {
  ...without(ENTRA_USER, "azp", "azpacr"),
  appid: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
  appidacr: "0",
  ver: "1.0",
};

const COGNITO_USER = {
  sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
  "cognito:groups": ["clerks"],
  client_id: "1example23456789",
  origin_jti: "b1c2d3e4",
  event_id: "64f513be",
  token_use: "access",
  scope: "aws.cognito.signin.user.admin",
  auth_time: 1_700_000_000,
  jti: "aaaaaaaa-bbbb",
  username: "ada",
};
const COGNITO_CLIENT = {
  sub: "1example23456789",
  token_use: "access",
  scope: "orders/read",
  auth_time: 1_700_000_000,
  version: 2,
  jti: "aaaaaaaa-cccc",
  client_id: "1example23456789",
};

const GOOGLE_USER = {
  azp: "1234987819200.apps.googleusercontent.com",
  aud: "1234987819200.apps.googleusercontent.com",
  sub: "10769150350006150715113082367",
  at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q",
  hd: "example.com",
  email: "ada@example.com",
  email_verified: true,
  nonce: "0394852-3190485-2490358",
};
const GOOGLE_SERVICE = {
  aud: "1234987819200.apps.googleusercontent.com",
  azp: "102202309201092019201",
  email: "builder@shop-12345.iam.gserviceaccount.com",
  email_verified: true,
  sub: "102202309201092019201",
};

const CLOUDFLARE_USER = {
  aud: ["32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"],
  email: "ada@example.com",
  type: "app",
  identity_nonce: "6ei69kawdKzMIAPF",
  sub: "7335d417-61da-459d-899c-0a01c76a2f94",
  country: "US",
};

export const LOGIN_FIXTURES: readonly PresetFixture[] = [
  {
    profile: "keycloak",
    issuer: "https://keycloak.example.com/realms/shop",
    audience: "orders",
    typ: "JWT",
    good: {
      "a user's": {
        claims: KEYCLOAK_USER,
        principal: {
          kind: "user",
          client: "shop",
          session: KEYCLOAK_USER.sid,
          roles: ["offline_access", "clerk", "editor"],
        },
      },
      "a service account's": { claims: KEYCLOAK_SERVICE, principal: { kind: "client", client: "shop" } },
      "an older service account's, with a session": {
        claims: { ...without(KEYCLOAK_SERVICE, "client_id"), clientId: "shop", sid: "s" },
        principal: { kind: "client" },
      },
      "a user's who took the name of a service account": {
        claims: { ...KEYCLOAK_USER, preferred_username: "service-account-shop" },
        principal: { kind: "user" },
      },
    },
    bad: {
      "an ID token": { claims: { ...KEYCLOAK_USER, typ: "ID" }, reason: "type_mismatch" },
      "a refresh token": { claims: { ...KEYCLOAK_USER, typ: "Refresh" }, reason: "type_mismatch" },
      "an offline token": { claims: { ...KEYCLOAK_USER, typ: "Offline" }, reason: "type_mismatch" },
      "a logout token": { claims: { ...KEYCLOAK_USER, typ: "Logout" }, reason: "type_mismatch" },
      "a token without typ": { claims: without(KEYCLOAK_USER, "typ"), reason: "type_mismatch" },
      "one for account only": { claims: { ...KEYCLOAK_USER, aud: "account" }, reason: "audience_mismatch" },
    },
    foreignIssuers: ["https://keycloak.example.com/realms/shop/", "https://keycloak.example.com/"],
  },
  {
    profile: "auth0",
    issuer: "https://shop.eu.auth0.com/",
    audience: "https://orders.example.com",
    typ: "JWT",
    good: {
      "a user's": {
        claims: AUTH0_USER,
        principal: {
          kind: "user",
          client: "my_client_id",
          tenant: "org_9yRPjGHtyPSkWqCw",
          permissions: ["read:orders"],
        },
      },
      "a client's": { claims: AUTH0_CLIENT, principal: { kind: "client", client: "VfmA2oXk" } },
      "a client's without gty": { claims: without(AUTH0_CLIENT, "gty"), principal: { kind: "client" } },
      "a user's whose id looks like a client's": {
        claims: { ...AUTH0_USER, sub: "auth0|x@clients" },
        principal: { kind: "user" },
      },
    },
    bad: {
      "an ID token": { claims: without(AUTH0_USER, "azp", "scope"), reason: "type_mismatch" },
      "an ID token with a nonce": { claims: { ...AUTH0_USER, nonce: "n" }, reason: "type_mismatch" },
      "one for userinfo only": {
        claims: { ...AUTH0_USER, aud: "https://shop.eu.auth0.com/userinfo" },
        reason: "audience_mismatch",
      },
    },
    foreignIssuers: ["https://shop.eu.auth0.com", "http://shop.eu.auth0.com/"],
  },
  {
    profile: "okta",
    issuer: "https://shop.okta.com/oauth2/default",
    audience: "api://orders",
    typ: undefined,
    good: {
      "a user's": {
        claims: OKTA_USER,
        principal: { kind: "user", client: "0oabucvyc38HLL1ef0h7", scopes: ["openid", "read"] },
      },
      "a client's": {
        claims: { ...without(OKTA_USER, "uid"), sub: OKTA_USER.cid, scp: ["read"] },
        principal: { kind: "client", scopes: ["read"] },
      },
    },
    bad: {
      "an ID token": {
        claims: { ...without(OKTA_USER, "cid", "uid", "scp"), jti: "ID.x", amr: ["pwd"], idp: "00o" },
        reason: "type_mismatch",
      },
    },
    foreignIssuers: ["https://shop.okta.com", "https://shop.okta.com/oauth2/"],
  },
  {
    profile: "entra",
    issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    audience: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
    typ: "JWT",
    good: {
      "a user's": {
        claims: ENTRA_USER,
        principal: {
          kind: "user",
          client: ENTRA_USER.azp,
          tenant: TENANT,
          scopes: ["Orders.Read", "Orders.Write"],
        },
      },
      "an application's": {
        claims: ENTRA_APPLICATION,
        principal: { kind: "client", roles: ["Orders.Read.All"], scopes: [] },
      },
      "an application's without idtyp": {
        claims: without(ENTRA_APPLICATION, "idtyp"),
        principal: { kind: "client" },
      },
      "a user's with idtyp": { claims: { ...ENTRA_USER, idtyp: "user" }, principal: { kind: "user" } },
    },
    bad: {
      "an ID token": {
        claims: { ...without(ENTRA_USER, "azp", "scp"), roles: ["r"] },
        reason: "type_mismatch",
      },
      "another tenant's": { claims: { ...ENTRA_USER, tid: OTHER_TENANT }, reason: "type_mismatch" },
      "one without scopes and roles": { claims: without(ENTRA_USER, "scp"), reason: "type_mismatch" },
    },
    foreignIssuers: [
      "https://login.microsoftonline.com/common/v2.0",
      "https://login.microsoftonline.com/organizations/v2.0",
      "https://login.microsoftonline.com/{tenantid}/v2.0",
      `https://login.microsoftonline.com.evil.example/${TENANT}/v2.0`,
    ],
  },
  {
    profile: "entra",
    issuer: `https://sts.windows.net/${TENANT}/`,
    audience: ENTRA_USER.aud,
    typ: "JWT",
    good: {
      "a user's": {
        claims: ENTRA_V1,
        principal: { kind: "user", client: ENTRA_V1.appid, tenant: TENANT },
      },
    },
    bad: {
      "an ID token": { claims: without(ENTRA_V1, "appid", "scp"), reason: "type_mismatch" },
      "another tenant's": { claims: { ...ENTRA_V1, tid: OTHER_TENANT }, reason: "type_mismatch" },
    },
    foreignIssuers: [`https://sts.windows.net/${TENANT}`],
  },
  {
    profile: "entra",
    issuer: `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`,
    audience: ENTRA_USER.aud,
    typ: "JWT",
    good: { "a customer's": { claims: ENTRA_USER, principal: { kind: "user", tenant: TENANT } } },
    bad: { "another tenant's": { claims: { ...ENTRA_USER, tid: OTHER_TENANT }, reason: "type_mismatch" } },
    foreignIssuers: [
      `https://shop.ciamlogin.com/${TENANT}/v2.0`,
      `https://${TENANT}.ciamlogin.com.evil.example/${TENANT}/v2.0`,
      `https://${TENANT}.ciamlogin.com/${TENANT}/`,
    ],
  },
  {
    profile: "cognito",
    issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example",
    audience: "1example23456789",
    typ: undefined,
    good: {
      "a user's": {
        claims: COGNITO_USER,
        principal: { kind: "user", client: "1example23456789", groups: ["clerks"], session: "b1c2d3e4" },
      },
      "a client's": { claims: COGNITO_CLIENT, principal: { kind: "client", scopes: ["orders/read"] } },
    },
    bad: {
      "an ID token": {
        claims: { ...without(COGNITO_USER, "client_id"), aud: "1example23456789", token_use: "id" },
        reason: "type_mismatch",
      },
      "another client's": { claims: { ...COGNITO_USER, client_id: "other" }, reason: "audience_mismatch" },
      "one for another resource": { claims: { ...COGNITO_USER, aud: "other" }, reason: "audience_mismatch" },
      "one without token_use": { claims: without(COGNITO_USER, "token_use"), reason: "type_mismatch" },
    },
    foreignIssuers: ["https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_example"],
  },
  {
    profile: "google",
    issuer: "https://accounts.google.com",
    audience: "1234987819200.apps.googleusercontent.com",
    tenants: ["example.com", "shop-12345.iam.gserviceaccount.com"],
    typ: "JWT",
    good: {
      "an employee's": {
        claims: GOOGLE_USER,
        principal: { kind: "user", tenant: "example.com", client: GOOGLE_USER.azp },
      },
      "an employee's without azp": {
        claims: without(GOOGLE_USER, "azp", "nonce", "at_hash"),
        principal: { kind: "user", tenant: "example.com", client: undefined },
      },
      "a service account's": {
        claims: GOOGLE_SERVICE,
        principal: { kind: "workload", tenant: "shop-12345.iam.gserviceaccount.com" },
      },
    },
    bad: {
      "a private account's with an address of the organization": {
        claims: without(GOOGLE_USER, "hd"),
        reason: "claim_invalid",
      },
      "another organization's": { claims: { ...GOOGLE_USER, hd: "example.org" }, reason: "claim_invalid" },
      "another project's": {
        claims: { ...GOOGLE_SERVICE, email: "builder@evil-1.iam.gserviceaccount.com" },
        reason: "claim_invalid",
      },
      "one with an address that is not verified": {
        claims: { ...GOOGLE_USER, email_verified: false },
        reason: "type_mismatch",
      },
      "one whose verification is a text": {
        claims: { ...GOOGLE_USER, email_verified: "true" },
        reason: "type_mismatch",
      },
      "a security event": { claims: { ...GOOGLE_USER, events: {} }, reason: "type_mismatch" },
      "one for another application": {
        claims: { ...GOOGLE_USER, aud: "other" },
        reason: "audience_mismatch",
      },
    },
    foreignIssuers: ["accounts.google.com", "https://accounts.google.com/"],
  },
  {
    profile: "cloudflare-access",
    issuer: "https://shop.cloudflareaccess.com",
    audience: "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228",
    typ: "JWT",
    good: { "a user's": { claims: CLOUDFLARE_USER, principal: { kind: "user", client: undefined } } },
    bad: {
      "the organization's": { claims: { ...CLOUDFLARE_USER, type: "org" }, reason: "type_mismatch" },
      "a service token's, which has no subject": {
        claims: {
          ...without(CLOUDFLARE_USER, "email", "identity_nonce"),
          sub: "",
          common_name: "e36.access",
        },
        reason: "claim_invalid",
      },
      "another application's": {
        claims: { ...CLOUDFLARE_USER, aud: ["other"] },
        reason: "audience_mismatch",
      },
    },
    foreignIssuers: ["https://shop.cloudflareaccess.com/", "https://cloudflareaccess.com"],
  },
];
