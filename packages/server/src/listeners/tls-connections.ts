/** What a listener of ours asks of TLS, and the certificates that clients showed on it. */

import { constants } from "node:crypto";
import { createServer, type Server, type ServerOptions } from "node:https";

import type { ListenerTlsConfiguration } from "../config/listener-tls.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A server that cuts whoever shows a certificate of an authority that is not the configuration's. */
export function createTlsServer(tls: ListenerTlsConfiguration, options: ServerOptions): Server {
  const server = createServer({
    ...options,
    ...describeContext(tls),
    requestCert: tls.requestCertificate,
    // Who shows none may still ask for what needs none.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: ["http/1.1"],
  });
  server.prependListener("secureConnection", (socket) => {
    // Without the authorities of anybody, any certificate counts: the handshake proved its key, and more is not asked.
    if (hasAuthorities.get(server) !== true || socket.authorized) return;
    if (socket.getPeerX509Certificate() !== undefined) socket.destroy();
  });
  hasAuthorities.set(server, tls.clientCa !== undefined);
  return server;
}

const hasAuthorities = new WeakMap<Server, boolean>();

/** For connections from now on; whether clients are asked for certificates does not change. */
export function renewTls(server: Server, tls: ListenerTlsConfiguration): void {
  server.setSecureContext(describeContext(tls));
  hasAuthorities.set(server, tls.clientCa !== undefined);
}

function describeContext({ certificate, key, clientCa, requestCertificate }: ListenerTlsConfiguration): {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly minVersion: "TLSv1.2";
  readonly secureOptions?: number;
} {
  return {
    cert: certificate,
    key,
    ...(clientCa !== undefined && { ca: clientCa }),
    minVersion: "TLSv1.2",
    // A resumed connection would bring back a certificate that was judged by earlier authorities.
    ...(requestCertificate && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}
