/** Resource servers, as oidc-provider calls the audiences of access tokens. */

import type { Configuration, ResourceServer } from "oidc-provider";

import type { SigningKeys } from "./key-ring.ts";
import { errors } from "./load-oidc-provider.ts";
import { API_SCOPES, type DevIdpSettings } from "./options.ts";
import type { SharedState } from "./shared-state.ts";

/** JWT access tokens (RFC 9068) for every registered audience (RFC 8707), signed by the ring's signing key. */
export function describeResources({
  settings,
  ring,
}: SharedState): NonNullable<NonNullable<Configuration["features"]>["resourceIndicators"]> {
  return {
    enabled: true,
    defaultResource: (_context: unknown, _client: unknown, oneOf?: readonly string[]) =>
      oneOf?.[0] ?? settings.defaultAudience,
    useGrantedResource: () => true,
    getResourceServerInfo: (_context: unknown, audience: string) => {
      if (!settings.audiences.includes(audience)) throw new errors.InvalidTarget();
      return describeResource({ audience, settings, ring });
    },
  };
}

/** What oidc-provider calls a resource server. The kid pins the signing key, whatever else is published. */
export function describeResource(of: {
  readonly audience: string;
  readonly settings: DevIdpSettings;
  readonly ring: SigningKeys;
}): ResourceServer {
  return {
    audience: of.audience,
    scope: API_SCOPES.join(" "),
    accessTokenTTL: of.settings.accessTokenTtlSeconds,
    accessTokenFormat: of.settings.opaqueAudiences.includes(of.audience) ? "opaque" : "jwt",
    jwt: { sign: { alg: of.ring.algorithm, kid: of.ring.signingKid } },
  };
}
