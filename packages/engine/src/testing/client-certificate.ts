import { encodeDer, encodeInteger, encodeObjectId, encodeSequence, encodeTime } from "./der.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";

/** A client certificate that signs itself, with its key: for mutual TLS in tests (RFC 8705 section 2.2). */
export interface TestClientCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly privateKeyPem: string;
  /** SHA-256 of the DER in base64url, for `cnf["x5t#S256"]`. */
  readonly sha256: string;
  /** The same in lower-case hexadecimal, as Envoy's XFCC has it. */
  readonly sha256Hex: string;
}

export interface ClientCertificateOptions {
  /** Common name of subject and issuer. Default "client.test". */
  readonly name?: string;
  /** Default a day from now. */
  readonly expiresAtMs?: number;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const COMMON_NAME = "550403";
const P256_OCTETS = 32;

/** Creates a certificate of a fresh P-256 key (RFC 5280 section 4.1). */
export async function createClientCertificate(
  options: ClientCertificateOptions = {},
): Promise<TestClientCertificate> {
  const { name = "client.test", expiresAtMs = Date.now() + DAY_MS } = options;
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const algorithm = encodeSequence(encodeObjectId(ECDSA_WITH_SHA256));
  const commonName = encodeSequence(encodeObjectId(COMMON_NAME), encodeDer(0x0c, toBytes(name)));
  const subject = encodeSequence(encodeDer(0x31, commonName));
  const body = encodeSequence(
    encodeDer(0xa0, encodeInteger(Uint8Array.of(2))),
    encodeInteger(crypto.getRandomValues(new Uint8Array(16))),
    algorithm,
    subject,
    encodeSequence(encodeTime(expiresAtMs - 2 * DAY_MS), encodeTime(expiresAtMs)),
    subject,
    new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
  );
  const hash = { name: "ECDSA", hash: "SHA-256" };
  const signature = new Uint8Array(await crypto.subtle.sign(hash, pair.privateKey, toBytes(body)));
  const numbers = encodeSequence(
    encodeInteger(signature.subarray(0, P256_OCTETS)),
    encodeInteger(signature.subarray(P256_OCTETS)),
  );
  const der = encodeSequence(body, algorithm, encodeDer(0x03, Uint8Array.of(0), numbers));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(der)));
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return Object.freeze({
    der,
    pem: writePem("CERTIFICATE", der),
    privateKeyPem: writePem("PRIVATE KEY", pkcs8),
    sha256: encodeBase64url(digest),
    sha256Hex: Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join(""),
  });
}

function writePem(label: string, der: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...der)).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
