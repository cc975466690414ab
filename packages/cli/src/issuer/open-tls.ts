import type { Socket } from "node:net";
import { isIP } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { connect } from "node:tls";
import { readErrorCode } from "../file-error.ts";
import type { ConnectionOptions } from "./connection-options.ts";

/** Fewer days of validity than this are a warning. */
const MIN_CERTIFICATE_DAYS = 14;

const DAY_MS = 86_400_000;

const REMEDIES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "Renew the certificate, and find out why its renewal did not run.",
  CERT_NOT_YET_VALID: "Compare the clock of this machine with the certificate's start of validity.",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "Use a certificate of a trusted CA, or name your own CA in NODE_EXTRA_CA_CERTS.",
  SELF_SIGNED_CERT_IN_CHAIN:
    "Name your own CA in NODE_EXTRA_CA_CERTS, or remove a proxy that breaks TLS open.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "Have the server send its intermediate certificates; or name your CA in NODE_EXTRA_CA_CERTS.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "Have the server send its intermediate certificates; or name your CA in NODE_EXTRA_CA_CERTS.",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "Use the host that the certificate names, or add this host to the certificate.",
};

/**
 * Makes TLS over a connected socket. The certificate is looked at even where it is not trusted; the
 * connection is used only where it is.
 *
 * @throws ProbeStopped
 */
export async function openTls(
  { socket, host }: { readonly socket: Socket; readonly host: string },
  { log, target, timeoutMs, ca }: ConnectionOptions,
): Promise<TLSSocket> {
  const started = performance.now();
  const result = await shakeHands({ socket, host, ca }, timeoutMs);
  const durationMs = performance.now() - started;
  if (typeof result === "string") {
    return log.fail(target, {
      name: "tls",
      fault: "unreachable",
      detail: `the handshake failed: ${result}`,
      remedy: "Check that the port speaks TLS 1.2 or later.",
      durationMs,
    });
  }
  const certificate = result.getPeerCertificate();
  if (!result.authorized) {
    result.destroy();
    const code = readTrustError(result);
    return log.fail(target, {
      name: "tls",
      fault: "wrong",
      detail: `the certificate is not trusted: ${code}; ${describeCertificate(certificate)}`,
      remedy: REMEDIES[code] ?? "Have the server present a certificate that this machine trusts.",
      durationMs,
    });
  }
  const daysLeft = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY_MS);
  log.add(target, {
    name: "tls",
    outcome: daysLeft < MIN_CERTIFICATE_DAYS ? "warning" : "passed",
    detail: `${result.getProtocol() ?? "TLS"}; ${describeCertificate(certificate)}`,
    ...(daysLeft < MIN_CERTIFICATE_DAYS && {
      remedy: `Renew the certificate: it is valid for ${daysLeft} more days only.`,
    }),
    durationMs,
  });
  return result;
}

function shakeHands(
  { socket, host, ca }: { readonly socket: Socket; readonly host: string; readonly ca: string | undefined },
  timeoutMs: number,
): Promise<TLSSocket | string> {
  return new Promise((resolve) => {
    // Not trusted blindly: `authorized` is asked before a byte is sent.
    const secured = connect({
      socket,
      host,
      ...(ca !== undefined && { ca }),
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: false,
    });
    const fail = (reason: string): void => {
      secured.destroy();
      resolve(reason);
    };
    secured.setTimeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    secured.once("error", (error) => fail(readErrorCode(error) ?? "protocol error"));
    secured.once("close", () => fail("the connection was closed"));
    secured.once("secureConnect", () => {
      secured.setTimeout(0);
      secured.removeAllListeners("error").removeAllListeners("timeout");
      resolve(secured);
    });
  });
}

function readTrustError(socket: TLSSocket): string {
  // Typed as Error, but since ever a code in text.
  const error: unknown = socket.authorizationError;
  return typeof error === "string" ? error : (readErrorCode(error) ?? "unknown reason");
}

function describeCertificate(certificate: PeerCertificate): string {
  const names = certificate.subjectaltname ?? firstOf(certificate.subject?.CN) ?? "no name";
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY_MS);
  const validity = days >= 0 ? `valid for ${days} more days` : `expired ${-days} days ago`;
  const authority =
    firstOf(certificate.issuer?.O) ?? firstOf(certificate.issuer?.CN) ?? "an unnamed authority";
  return `certificate for ${names.replaceAll("DNS:", "").replaceAll("IP Address:", "")} by ${authority}, ${validity}`;
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
