import { createHash } from "node:crypto";

/** EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 9.2): what a signature under e = 1 simply is. */
export function encodeMessage(text: string, length: number): Buffer {
  const info = Buffer.from("3031300d060960864801650304020105000420", "hex");
  const digest = Buffer.concat([info, createHash("sha256").update(text).digest()]);
  const filling = Buffer.alloc(length - digest.length - 3, 0xff);
  return Buffer.concat([Buffer.of(0, 1), filling, Buffer.of(0), digest]);
}
