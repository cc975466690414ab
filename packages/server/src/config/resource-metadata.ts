/** Protected resource metadata (RFC 9728): where it is, and what it says. */

import type { Configuration, ResourceConfiguration } from "./configuration.ts";
import { describeDpopOffer } from "./dpop-offer.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

export interface MetadataLocation {
  /** Where clients find it: the well-known path goes between host and path of the identifier (RFC 9728 section 3.1). */
  readonly url: string;
  /** The path of that URL. */
  readonly path: string;
}

/** Where the metadata of a resource is. */
export function locateMetadata({ identifier }: Pick<ResourceConfiguration, "identifier">): MetadataLocation {
  const { origin, pathname } = new URL(identifier);
  const path = `${WELL_KNOWN}${pathname === "/" ? "" : pathname}`;
  return { url: `${origin}${path}`, path };
}

/** The document as JSON. Members that would say nothing are left out (RFC 9728 section 3.2). */
export function describeResource(resource: ResourceConfiguration, issuers: Configuration["issuers"]): string {
  const { identifier, name, scopesSupported, documentation, policyUri, termsOfServiceUri } = resource;
  const servers = issuers.map(({ issuer }) => issuer).filter((issuer) => /^https?:\/\//.test(issuer));
  const { dpopAlgorithms, dpopRequired } = describeDpopOffer(issuers);
  // As with DPoP: told where the configuration speaks of it.
  const tellsMtls = issuers.some(({ binding }) => typeof binding === "object" && binding.mtls === "accepted");
  return JSON.stringify({
    resource: identifier,
    ...(servers.length > 0 && { authorization_servers: servers }),
    ...(scopesSupported !== undefined && { scopes_supported: scopesSupported }),
    bearer_methods_supported: ["header"],
    resource_name: name,
    resource_documentation: documentation,
    resource_policy_uri: policyUri,
    resource_tos_uri: termsOfServiceUri,
    ...(tellsMtls && { tls_client_certificate_bound_access_tokens: true }),
    dpop_signing_alg_values_supported: dpopAlgorithms,
    dpop_bound_access_tokens_required: dpopRequired,
  });
}
