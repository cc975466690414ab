import type { Profile } from "../profile.ts";

const TENANT = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.source;

/** ID tokens have neither `azp` (v2) nor `appid` (v1). Tokens that are an application's own have no scopes. */
export const ENTRA: Profile = {
  name: "entra",
  types: ["JWT", "at+jwt"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub"],
  issuer: {
    pattern: new RegExp(
      `^https://(?:(?:login\\.microsoftonline\\.(?:com|us)|login\\.partner\\.microsoftonline\\.cn|${TENANT}\\.ciamlogin\\.com)(?=/[^/]+/v2\\.0$)|sts\\.windows\\.net(?=/[^/]+/$))/(${TENANT})/`,
    ),
    such: "https://login.microsoftonline.com/<id of the tenant>/v2.0, an entry a tenant: common is anybody",
    claim: "tid",
  },
  rules: [
    [{ claim: "azp" }, { claim: "appid" }],
    [{ claim: "scp" }, { claim: "roles" }],
  ],
  principal: {
    client: ["azp", "appid"],
    tenant: "tid",
    scopes: "scp",
    clientIf: [
      [{ claim: "idtyp", is: ["app"] }],
      [
        { claim: "idtyp", absent: true },
        { claim: "scp", absent: true },
      ],
    ],
  },
};
