import type { Algorithm } from "../algorithms.ts";
import { toBytes } from "./encode-base64url.ts";
import type { RawKey } from "./raw-key.ts";

const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1);
const MEMBERS = { RSA: ["e", "n"], EC: ["crv", "x", "y"], OKP: ["crv", "x"], oct: [], AKP: [] } as const;

/** Makes a key pair with WebCrypto: RSA, ECDSA, Ed25519. */
export async function createWebKey(entry: Algorithm, modulusBits: number): Promise<RawKey> {
  const pair = await generatePair(entry, modulusBits);
  const exported = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as Readonly<
    Record<string, unknown>
  >;
  const jwk: Record<string, string> = { kty: entry.keyType };
  for (const member of MEMBERS[entry.keyType]) jwk[member] = String(exported[member]);
  const parameters = signParameters(entry);
  return {
    jwk,
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign(parameters, pair.privateKey, toBytes(data))),
  };
}

async function generatePair(entry: Algorithm, modulusBits: number): Promise<CryptoKeyPair> {
  const uses: KeyUsage[] = ["sign", "verify"];
  const hash = entry.hash ?? "SHA-256";
  const rsa = { modulusLength: modulusBits, publicExponent: PUBLIC_EXPONENT, hash };
  switch (entry.family) {
    case "rsa-pkcs1":
      return crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", ...rsa }, false, uses);
    case "rsa-pss":
      return crypto.subtle.generateKey({ name: "RSA-PSS", ...rsa }, false, uses);
    case "ecdsa":
      return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: entry.curve ?? "" }, false, uses);
    case "eddsa":
      return (await crypto.subtle.generateKey("Ed25519", false, uses)) as CryptoKeyPair;
    default:
      throw new Error(`expected an algorithm that WebCrypto can sign with, found ${entry.name}`);
  }
}

function signParameters(entry: Algorithm): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  const hash = entry.hash ?? "SHA-256";
  switch (entry.family) {
    case "rsa-pss":
      return { name: "RSA-PSS", saltLength: entry.saltBytes ?? 32 };
    case "ecdsa":
      return { name: "ECDSA", hash };
    case "eddsa":
      return { name: "Ed25519" };
    default:
      return { name: "RSASSA-PKCS1-v1_5" };
  }
}
