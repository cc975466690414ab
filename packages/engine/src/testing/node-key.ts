import type { KeyObject } from "node:crypto";
import type { Algorithm } from "../algorithms.ts";
import { toBytes } from "./encode-base64url.ts";
import type { RawKey } from "./raw-key.ts";

/** Makes a key pair that WebCrypto does not have everywhere: Ed448, ML-DSA (Node 24.7 and later). */
export async function createNodeKey(entry: Algorithm): Promise<RawKey> {
  const node = await import("node:crypto");
  const pair = generatePair(node, entry);
  const jwk: Record<string, string> = {};
  for (const [name, value] of Object.entries(pair.publicKey.export({ format: "jwk" }))) {
    if (typeof value === "string") jwk[name] = value;
  }
  return {
    jwk,
    spki: toBytes(pair.publicKey.export({ type: "spki", format: "der" })),
    sign: async (data) => toBytes(node.sign(null, data, pair.privateKey)),
  };
}

type NodeCrypto = typeof import("node:crypto");

function generatePair(
  node: NodeCrypto,
  entry: Algorithm,
): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  try {
    switch (entry.name) {
      case "ML-DSA-44":
        return node.generateKeyPairSync("ml-dsa-44");
      case "ML-DSA-65":
        return node.generateKeyPairSync("ml-dsa-65");
      case "ML-DSA-87":
        return node.generateKeyPairSync("ml-dsa-87");
      default:
        return node.generateKeyPairSync("ed448");
    }
  } catch (cause) {
    throw new Error(`expected a runtime with ${entry.name}; for ML-DSA use Node 24.7 or later`, { cause });
  }
}
