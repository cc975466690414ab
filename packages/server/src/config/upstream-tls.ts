import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

/** What is wrong with the settings toward the upstream; undefined where nothing is. Never shows the PEM. */
export function checkUpstreamTls({ ca, certificate, key }: UpstreamTlsConfiguration): string | undefined {
  if ((certificate === undefined) !== (key === undefined)) return "Expected certificate and key together";
  if (ca !== undefined && !isCertificate(ca)) return "Expected PEM certificates in ca";
  if (certificate === undefined || key === undefined) return undefined;
  if (!isCertificate(certificate)) return "Expected a PEM certificate in certificate";
  try {
    createSecureContext({ cert: certificate, key });
    return undefined;
  } catch {
    return "Expected a PEM private key without passphrase that belongs to the certificate";
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
