import type { Profile } from "../profile.ts";

const CLIENT_NOTE = { claim: "client_id" };
const OLD_CLIENT_NOTE = { claim: "clientId" };
const SERVICE_NAME = { claim: "preferred_username", like: /^service-account-/ };
const NO_SESSION = { claim: "sid", absent: true } as const;

/**
 * The payload's `typ` tells kinds of tokens apart. People may choose a name like a service account's, so a token is a
 * client's only with two of: the name, no session, the note that the client credentials grant leaves.
 */
export const KEYCLOAK: Profile = {
  name: "keycloak",
  types: ["JWT", "at+jwt"],
  typeMayBeAbsent: false,
  requiredClaims: ["sub"],
  issuer: {
    pattern: /^https?:\/\/[^?#]+\/realms\/[^/?#]+$/,
    such: "https://host/realms/shop, without a final /",
  },
  rules: [[{ claim: "typ", is: ["Bearer", "DPoP"] }]],
  principal: {
    client: "azp",
    roles: ["realm_access.roles", "/resource_access/{audience}/roles"],
    clientIf: [
      [SERVICE_NAME, NO_SESSION],
      [SERVICE_NAME, CLIENT_NOTE],
      [SERVICE_NAME, OLD_CLIENT_NOTE],
      [NO_SESSION, CLIENT_NOTE],
      [NO_SESSION, OLD_CLIENT_NOTE],
    ],
  },
};
