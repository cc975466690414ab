import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface CertificateOptions {
  readonly daysLeft: number;
}

export interface TestCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

function encode(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => encode(0x30, ...parts);
const objectId = (hex: string): Buffer => encode(0x06, Buffer.from(hex, "hex"));
const time = (date: Date): Buffer => {
  // GeneralizedTime: YYYYMMDDHHMMSSZ.
  const text = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return encode(0x18, Buffer.from(`${text}Z`));
};

const ECDSA_WITH_SHA256 = sequence(objectId("2a8648ce3d040302"));
const COMMON_NAME = "550403";
const SUBJECT_ALT_NAME = "551d11";
const DAY_MS = 86_400_000;

/** A certificate for "localhost" and 127.0.0.1 that signs itself (RFC 5280 section 4.1), with that many days left. */
export function createCertificate({ daysLeft }: CertificateOptions): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(
    encode(0x31, sequence(objectId(COMMON_NAME), encode(0x0c, Buffer.from("Countersign test")))),
  );
  // Some hours more, so that a whole number of days is left while the test runs.
  const end = new Date(Date.now() + daysLeft * DAY_MS + DAY_MS / 4);
  const names = sequence(encode(0x82, Buffer.from("localhost")), encode(0x87, Buffer.from([127, 0, 0, 1])));
  const body = sequence(
    encode(0xa0, encode(0x02, Buffer.from([2]))),
    encode(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(new Date(end.getTime() - 400 * DAY_MS)), time(end)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    encode(0xa3, sequence(sequence(objectId(SUBJECT_ALT_NAME), encode(0x04, names)))),
  );
  const signature = encode(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const der = sequence(body, ECDSA_WITH_SHA256, signature);
  const base64 = der.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
