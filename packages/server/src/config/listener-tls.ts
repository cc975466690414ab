/** TLS of a listener of ours. */

import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import * as z from "zod";

/** PEM, in the file `file:` references. */
export interface ListenerTlsConfiguration {
  /** With its chain. */
  readonly certificate: string;
  /** Without passphrase. */
  readonly key: string;
  /** Clients are asked for a certificate. One that they show counts for tokens that are bound to it (RFC 8705). */
  readonly requestCertificate: boolean;
  /** Clients' certificates must come from one of these. Default any counts: whoever shows one has its key. */
  readonly clientCa?: string;
}

const pem = z.string().min(1).max(1_048_576);

/** `listeners.proxy.tls`. */
export const listenerTlsSchema: z.ZodType<ListenerTlsConfiguration> = z
  .strictObject({
    certificate: pem.describe("The listener's certificate with its chain: PEM, or `file:` and a path."),
    key: pem.describe("Its private key, without passphrase: PEM, or `file:` and a path."),
    requestCertificate: z
      .boolean()
      .default(false)
      .describe(
        "Asks clients for a certificate, for tokens that are bound to one (RFC 8705); none has to be shown.",
      ),
    clientCa: pem
      .exactOptional()
      .describe("Authorities of clients' certificates; others are cut. Default any certificate counts."),
  })
  .superRefine((tls, context) => {
    const problem = findListenerTlsProblem(tls);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

/** Never shows the PEM. */
function findListenerTlsProblem(tls: ListenerTlsConfiguration): string | undefined {
  const { certificate, key, clientCa, requestCertificate } = tls;
  if (clientCa !== undefined && !requestCertificate)
    return "Expected requestCertificate: true beside clientCa";
  if (clientCa !== undefined && !isCertificate(clientCa)) return "Expected PEM certificates in clientCa";
  if (!isCertificate(certificate)) return "Expected a PEM certificate in certificate";
  try {
    createSecureContext({ cert: certificate, key });
    return undefined;
  } catch {
    return "Expected a PEM private key without passphrase in key that belongs to the certificate";
  }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== undefined;
  } catch {
    return false;
  }
}
