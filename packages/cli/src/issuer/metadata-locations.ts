/** A well-known URL, and the name of the document that belongs there. */
export interface MetadataLocation {
  readonly target: "openid-configuration" | "oauth-authorization-server";
  readonly url: URL;
}

/**
 * Where an issuer publishes its metadata: appended to the path (OpenID Connect Discovery 1.0 section 4.1),
 * or put between host and path (RFC 8414 section 3.1).
 */
export function locateMetadata(issuer: URL): readonly MetadataLocation[] {
  const path = issuer.pathname.replace(/\/$/, "");
  return [
    {
      target: "openid-configuration",
      url: new URL(`${path}/.well-known/openid-configuration`, issuer.origin),
    },
    {
      target: "oauth-authorization-server",
      url: new URL(`/.well-known/oauth-authorization-server${path}`, issuer.origin),
    },
  ];
}
