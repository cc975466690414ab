import { generateKeyPairSync } from "node:crypto";
import type { Algorithm } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { JwkImport, KeyImportContext } from "../../src/keys/import-jwk.ts";
import { importJwk } from "../../src/keys/import-jwk.ts";
import { KeyProblem } from "../../src/keys/key-problem.ts";
import { platform } from "../../src/platform/node.ts";
import type { Platform } from "../../src/platform/platform.ts";

export type Jwk = Readonly<Record<string, unknown>>;

function exportPublic(pair: { readonly publicKey: { export(options: { format: "jwk" }): object } }): Jwk {
  return Object.freeze({ ...pair.publicKey.export({ format: "jwk" }) });
}

function generateEc(namedCurve: string): Jwk {
  return exportPublic(generateKeyPairSync("ec", { namedCurve }));
}

/** One good public key of each kind, made once for all tests; fixed where not every runtime can make one. */
export const PUBLIC_KEYS: Readonly<
  Record<"rsa" | "p256" | "p384" | "p521" | "ed25519" | "ed448" | "mlDsa44" | "secp256k1" | "x25519", Jwk>
> = Object.freeze({
  rsa: exportPublic(generateKeyPairSync("rsa", { modulusLength: 2048 })),
  p256: generateEc("P-256"),
  p384: generateEc("P-384"),
  p521: generateEc("P-521"),
  ed25519: exportPublic(generateKeyPairSync("ed25519")),
  ed448: {
    kty: "OKP",
    crv: "Ed448",
    x: "Fz5LgDmxaB4DiCM3hw4zZ0DC7rQnl75GqC5KMmHTa-J8GBF1ZQ2Q_Y74piTVz4hT5PT1ajnia6uA",
  },
  mlDsa44: { kty: "AKP", alg: "ML-DSA-44", pub: toBase64url(new Uint8Array(1312).fill(7)) },
  secp256k1: {
    kty: "EC",
    x: "hhJUeb5ETui-D5ig_xn51wXUmginSA87WK_DWKFFzbU",
    y: "ej3amktj3DL85iu0C72k9FiFF53gkEsXdaGYXfwvUak",
    crv: "secp256k1",
  },
  x25519: { kty: "OKP", crv: "X25519", x: "tuM62BAkrDQymUUwBbLeCfYaSHxw1v25jCmb_cTC-gw" },
});

const ALL_ALGORITHMS: readonly Algorithm[] = Object.freeze(Object.values(ALGORITHMS));

/** Stands in for what this runtime lacks, so that the rules are tested everywhere; it verifies nothing then. */
const complete: Platform = {
  ...platform,
  supports: () => true,
  importKey: (algorithm, jwk) =>
    platform.supports(algorithm) ? platform.importKey(algorithm, jwk) : { native: jwk },
};

export const INLINE: KeyImportContext = Object.freeze({
  algorithms: ALL_ALGORITHMS,
  source: "inline",
  platform: complete,
});

/** Names of the algorithms that an import gave keys for; the problem in angle brackets where it gave none. */
function describeImport(imported: JwkImport): string {
  if ("keys" in imported) return imported.keys.map(({ algorithm }) => algorithm.name).join(" ");
  return `<${imported.exclusion}: ${imported.problem}>`;
}

export function describeJwk(jwk: unknown, context: KeyImportContext = INLINE): string {
  return describeImport(importJwk(jwk, context));
}

/** The message of the KeyProblem that a check ends with; "none" where it passes. */
export function describeProblem(check: () => unknown): string {
  try {
    check();
    return "none";
  } catch (error) {
    if (error instanceof KeyProblem) return error.message;
    throw error;
  }
}

export function toBase64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString("base64url");
}

export function fromBase64url(text: unknown): Uint8Array {
  return Buffer.from(String(text), "base64url");
}

/** Big-endian, with as many octets as needed or as asked for. */
export function integerToBase64url(integer: bigint, octets: number = 0): string {
  const digits = integer.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Buffer.from(even.padStart(octets * 2, "0"), "hex").toString("base64url");
}

export function integerFromBase64url(text: unknown): bigint {
  return BigInt(`0x${Buffer.from(String(text), "base64url").toString("hex")}`);
}
