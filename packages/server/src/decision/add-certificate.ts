import type { ClientCertificateConfiguration } from "../config/configuration.ts";
import { createCertificateReader } from "./client-certificate.ts";
import type { RequestDescription } from "./decision.ts";
import { extendDescription } from "./described-request.ts";

export type CertifiedRequest =
  | { readonly ok: true; readonly request: RequestDescription }
  /** Constant text: nothing of the request. */
  | { readonly ok: false; readonly problem: string };

/** Adds the client certificate that the request's headers tell of. Only for requests that a trusted proxy sent. */
export type AddCertificate = (request: RequestDescription) => CertifiedRequest;

/** Undefined where no header is configured: then none is believed. */
export function createCertificateAdder(
  configuration: ClientCertificateConfiguration | undefined,
): AddCertificate | undefined {
  if (configuration === undefined) return undefined;
  const { header, format } = configuration;
  const read = createCertificateReader(format);
  return (request) => {
    const values = request.headers.filter(([name]) => name.toLowerCase() === header);
    const reading = read(values.map(([, value]) => value));
    if (!reading.ok) return reading;
    const { certificate: clientCertificate } = reading;
    if (clientCertificate === undefined) return { ok: true, request };
    return { ok: true, request: extendDescription(request, { clientCertificate }) };
  };
}
