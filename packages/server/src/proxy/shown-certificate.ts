/** What a connection of our own TLS shows of its client. */

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

import type { ClientCertificate } from "../decision/client-certificate.ts";

/** Connections have one certificate, and many requests. */
const shown = new WeakMap<Socket, ClientCertificate | "none">();

export function isEncrypted(socket: Socket): boolean {
  return socket instanceof TLSSocket;
}

/** The certificate that the other end of a connection showed; undefined where it showed none. */
export function readShownCertificate(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const known = shown.get(socket) ?? readCertificate(socket);
  shown.set(socket, known);
  return known === "none" ? undefined : known;
}

function readCertificate(socket: TLSSocket): ClientCertificate | "none" {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? "none" : { certificate: new Uint8Array(certificate.raw) };
}
