/** The client certificate that a trusted proxy terminated, from the header in which it says so. */

import type { ClientCertificateConfiguration } from "../config/configuration.ts";

/** DER, or where the proxy tells no more, its SHA-256 in base64url. */
export type ClientCertificate = { readonly certificate: Uint8Array } | { readonly certificateSha256: string };

export type CertificateReading =
  /** Undefined where the connection had no certificate. */
  | { readonly ok: true; readonly certificate: ClientCertificate | undefined }
  /** Constant text: nothing of the header. */
  | { readonly ok: false; readonly problem: string };

/** Reads the values of the configured header. */
export type ReadCertificate = (values: readonly string[]) => CertificateReading;

type Format = ClientCertificateConfiguration["format"];

const NONE: CertificateReading = Object.freeze({ ok: true, certificate: undefined });
const SEVERAL = refuse("more than one header with a client certificate");
const MALFORMED = refuse("a header with a malformed client certificate");
const SEVERAL_HOPS = refuse("client certificates of several proxies in one header");
const SEVERAL_HASHES = refuse("two hashes of one client certificate");

/** Compiles the reader of one format. Time is linear in the header's length. */
export function createCertificateReader(format: Format): ReadCertificate {
  const read = READERS[format];
  return ([value, ...others]) => {
    if (others.length > 0) return SEVERAL;
    return value === undefined || value === "" ? NONE : read(value);
  };
}

const READERS: Readonly<Record<Format, (value: string) => CertificateReading>> = {
  rfc9440: readByteSequence,
  xfcc: readForwardedCertificate,
  pem: readPem,
  base64: readBase64Chain,
};

function refuse(problem: string): CertificateReading {
  return Object.freeze({ ok: false, problem });
}

/** `:base64:` (RFC 9440 section 2.1, RFC 9651 section 3.3.5). Parameters are defined for none. */
function readByteSequence(value: string): CertificateReading {
  const text = value.trim();
  // No octets: what a proxy writes that puts the colons around nothing.
  if (text === "::") return NONE;
  return text.length > 2 && text.startsWith(":") && text.endsWith(":")
    ? readBase64(text.slice(1, -1))
    : MALFORMED;
}

/** The leaf, then its chain, as Traefik has it; some versions URL-encode it. HAProxy and Caddy have the leaf alone. */
function readBase64Chain(value: string): CertificateReading {
  const text = value.includes("%") ? decodeUrl(value) : value;
  const [leaf] = text?.split(",") ?? [];
  return leaf === undefined ? MALFORMED : readBase64(leaf.trim());
}

/** One certificate as nginx's `$ssl_client_escaped_cert` has it. */
function readPem(value: string): CertificateReading {
  const text = decodeUrl(value);
  const body = text === undefined ? undefined : PEM.exec(text)?.[1];
  return body === undefined ? MALFORMED : readBase64(body.replace(/\s/g, ""));
}

const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----\s*$/;

/**
 * Envoy's `x-forwarded-client-cert`: `Hash` is the certificate's SHA-256. Several elements are of several proxies, of
 * which the first may be anybody's word: with `SANITIZE_SET` there is one.
 */
function readForwardedCertificate(value: string): CertificateReading {
  const pairs = splitPairs(value);
  if (pairs === undefined) return MALFORMED;
  if (pairs === "several") return SEVERAL_HOPS;
  const hashes = pairs.filter(([name]) => name === "hash").map(([, text]) => text);
  const certificates = pairs.filter(([name]) => name === "cert").map(([, text]) => text);
  if (hashes.length > 1 || certificates.length > 1) return SEVERAL_HASHES;
  const [hash] = hashes;
  const [certificate] = certificates;
  if (hash !== undefined) {
    if (!HASH.test(hash)) return MALFORMED;
    return { ok: true, certificate: { certificateSha256: Buffer.from(hash, "hex").toString("base64url") } };
  }
  return certificate === undefined ? MALFORMED : readPem(certificate);
}

const HASH = /^[0-9A-Fa-f]{64}$/;
const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=\\]*(?:=[^",;\\]*)?))(;|,|$)/y;

type Pairs = readonly (readonly [name: string, value: string])[];

/** Names in lower case with their values, of one element; undefined for what breaks the grammar. */
function splitPairs(text: string): Pairs | "several" | undefined {
  const pairs: (readonly [string, string])[] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    const [, name = "", quoted, plain = "", end] = match;
    pairs.push([name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain]);
    if (end === ",") return "several";
  }
  return pairs;
}

/** Base64 of one DER sequence, in its only spelling. */
function readBase64(text: string): CertificateReading {
  const certificate = Buffer.from(text, "base64");
  const isCanonical = text !== "" && certificate.toString("base64") === text;
  return isCanonical && isSequence(certificate) ? { ok: true, certificate: { certificate } } : MALFORMED;
}

const SEQUENCE = 0x30;
const TWO_OCTETS_OF_LENGTH = 0x82;

/** Whether the octets are one DER sequence of 256 to 65535 octets, as every certificate is, and nothing behind it. */
function isSequence(octets: Buffer): boolean {
  return (
    octets[0] === SEQUENCE &&
    octets[1] === TWO_OCTETS_OF_LENGTH &&
    octets.length > 4 &&
    octets.readUInt16BE(2) === octets.length - 4
  );
}

function decodeUrl(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
