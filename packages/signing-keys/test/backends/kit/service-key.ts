/** A key as a service holds it: it signs digests that others made, which `node:crypto` has no call for. */

import {
  constants,
  createECDH,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomBytes,
  sign,
} from "node:crypto";

export type ServiceKeyKind = "rsa" | "P-256" | "P-384" | "P-521" | "Ed25519";
export type DigestName = "sha256" | "sha384" | "sha512";

export interface ServiceKey {
  readonly kind: ServiceKeyKind;
  readonly publicKey: KeyObject;
  /** PKCS #1 version 1.5 of a digest (RFC 8017 section 9.2). */
  signPkcs1(digest: Buffer, hash: DigestName): Buffer;
  /** PSS of a digest (RFC 8017 section 9.1.1). */
  signPss(digest: Buffer, options: { readonly hash: DigestName; readonly saltBytes: number }): Buffer;
  /** The two numbers of ECDSA over a digest (FIPS 186-5 section 6.4). */
  signEcdsa(digest: Buffer): { readonly r: bigint; readonly s: bigint };
  /** Ed25519 of octets as they are. */
  signEdwards(bytes: Buffer): Buffer;
}

const CURVES = {
  "P-256": { ecdh: "prime256v1", order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" },
  "P-384": {
    ecdh: "secp384r1",
    order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  },
  "P-521": {
    ecdh: "secp521r1",
    order:
      "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
  },
} as const;
/** DigestInfo in DER, up to the digest. */
const DIGEST_INFOS: Readonly<Record<DigestName, string>> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

export function createServiceKey(kind: ServiceKeyKind, rsaBits: number = 2048): ServiceKey {
  const { publicKey, privateKey } = generate(kind, rsaBits);
  return {
    kind,
    publicKey,
    signPkcs1: (digest, hash) =>
      privateEncrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_PADDING },
        Buffer.concat([Buffer.from(DIGEST_INFOS[hash], "hex"), digest]),
      ),
    signPss: (digest, { hash, saltBytes }) =>
      privateEncrypt(
        { key: privateKey, padding: constants.RSA_NO_PADDING },
        encodePss(digest, { hash, saltBytes, bytes: rsaBits / 8 }),
      ),
    signEcdsa: (digest) => signNumbers(privateKey, digest),
    signEdwards: (bytes) => sign(null, bytes, privateKey),
  };
}

function generate(
  kind: ServiceKeyKind,
  rsaBits: number,
): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (kind === "rsa") return generateKeyPairSync("rsa", { modulusLength: rsaBits });
  if (kind === "Ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: kind });
}

function encodePss(
  digest: Buffer,
  {
    hash,
    saltBytes,
    bytes,
  }: { readonly hash: DigestName; readonly saltBytes: number; readonly bytes: number },
): Buffer {
  const salt = randomBytes(saltBytes);
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(bytes - h.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  const mask = expandMask(h, { hash, bytes: block.length });
  for (const [index, octet] of mask.entries()) block[index] = (block[index] ?? 0) ^ octet;
  block[0] = (block[0] ?? 0) & 0x7f;
  return Buffer.concat([block, h, Buffer.of(0xbc)]);
}

function expandMask(
  seed: Buffer,
  { hash, bytes }: { readonly hash: DigestName; readonly bytes: number },
): Buffer {
  const parts: Buffer[] = [];
  for (let counter = 0; Buffer.concat(parts).length < bytes; counter++) {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(counter);
    parts.push(createHash(hash).update(seed).update(octets).digest());
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

function signNumbers(privateKey: KeyObject, digest: Buffer): { readonly r: bigint; readonly s: bigint } {
  const { crv, d } = privateKey.export({ format: "jwk" });
  const { ecdh, order } = CURVES[crv as keyof typeof CURVES];
  const n = BigInt(`0x${order}`);
  const secret = readInteger(Buffer.from(d ?? "", "base64url"));
  for (;;) {
    const curve = createECDH(ecdh);
    curve.generateKeys();
    const k = readInteger(curve.getPrivateKey());
    const point = curve.getPublicKey();
    const r = readInteger(point.subarray(1, (point.length + 1) / 2)) % n;
    const s = (invert(k, n) * (readInteger(digest) + r * secret)) % n;
    if (r !== 0n && s !== 0n) return { r, s };
  }
}

/** By Fermat: the order is a prime. */
function invert(value: bigint, prime: bigint): bigint {
  let [result, base, exponent] = [1n, value % prime, prime - 2n];
  while (exponent > 0n) {
    if ((exponent & 1n) === 1n) result = (result * base) % prime;
    base = (base * base) % prime;
    exponent >>= 1n;
  }
  return result;
}

function readInteger(octets: Buffer): bigint {
  return BigInt(`0x${octets.toString("hex")}`);
}

/** r and s, each filled up to the octets of the curve. */
export function joinNumbers(
  { r, s }: { readonly r: bigint; readonly s: bigint },
  kind: ServiceKeyKind,
): Buffer {
  const bytes = kind === "P-521" ? 66 : kind === "P-384" ? 48 : 32;
  const hex = [r, s].map((value) => value.toString(16).padStart(2 * bytes, "0")).join("");
  return Buffer.from(hex, "hex");
}
