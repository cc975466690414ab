import type { KeyRing } from "./key-ring.ts";
import type { KeyServer } from "./key-server.ts";
import { startKeyServer } from "./start-key-server.ts";

const JWKS_PATH = "/jwks";

/** A running server that publishes an issuer's keys. */
export interface ServedIssuer {
  readonly server: KeyServer;
  readonly issuer: string;
  readonly jwksUri: string;
}

/**
 * Publishes the key set as it is at each request, and metadata for discovery at both well-known places
 * (OpenID Connect Discovery section 4, RFC 8414 section 3). Without `issuer` the issuer is the server's URL.
 */
export async function serveIssuer(ring: KeyRing, issuer: string | undefined): Promise<ServedIssuer> {
  const server = await startKeyServer();
  const jwksUri = `${server.url}${JWKS_PATH}`;
  const served = { server, issuer: issuer ?? server.url, jwksUri };
  const metadata = {
    issuer: served.issuer,
    jwks_uri: jwksUri,
    // Tokens are had by calling functions: there is no endpoint to name.
    response_types_supported: [],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ring.algorithms,
  };
  server.documents.set(JWKS_PATH, () => ring.jwks());
  server.documents.set("/.well-known/openid-configuration", metadata);
  server.documents.set("/.well-known/oauth-authorization-server", metadata);
  return served;
}
