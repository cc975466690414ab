/** Clients that show a TLS certificate (RFC 8705): their listener, and what oidc-provider asks about them. */

import { createHash, X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:https";
import { TLSSocket } from "node:tls";
import type { Configuration, KoaContextWithOIDC } from "oidc-provider";
import type { DevMtlsOptions } from "./options.ts";

/**
 * Takes whatever certificate a client shows: whose it is, oidc-provider asks for the methods that need to know.
 *
 * @throws Error of the system where key or certificate cannot be read.
 */
export function createMtlsServer({ key, certificate, clientCa }: DevMtlsOptions): Server {
  return createServer({
    key,
    cert: certificate,
    ca: clientCa === undefined ? [] : [clientCa],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
  });
}

function readCertificate({ req }: KoaContextWithOIDC): X509Certificate | undefined {
  return req.socket instanceof TLSSocket ? req.socket.getPeerX509Certificate() : undefined;
}

/** `x5t#S256` (RFC 8705 section 3.1). */
export function thumbprintOf(certificate: X509Certificate | string): string {
  const { raw } = typeof certificate === "string" ? new X509Certificate(certificate) : certificate;
  return createHash("sha256").update(raw).digest("base64url");
}

/** Without a TLS listener there is no certificate, and none of this is offered. */
export function describeMtls(hasTls: boolean): NonNullable<NonNullable<Configuration["features"]>["mTLS"]> {
  if (!hasTls) return { enabled: false };
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: true,
    getCertificate: readCertificate,
    certificateAuthorized: ({ req }: KoaContextWithOIDC) =>
      req.socket instanceof TLSSocket && req.socket.authorized,
    certificateSubjectMatches: (context: KoaContextWithOIDC, property: string, expected: string) =>
      property === "tls_client_auth_san_dns" &&
      readCertificate(context)?.checkHost(expected, { subject: "never", wildcards: false }) === expected,
  };
}
