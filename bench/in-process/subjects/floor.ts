/** The primitive alone, on octets that are there already: nothing that judges tokens can cost less. */

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import type { VerificationKey } from "../../tokens/key-material.ts";
import type { CreateJudge } from "../subject.ts";

interface Prepared {
  readonly signed: Buffer;
  readonly signature: Buffer;
}

export const create: CreateJudge = ({ key }, tokens) => {
  const prepared = Array.from({ length: tokens.count }, (_, index): Prepared => {
    const token = tokens.read(index);
    const dot = token.lastIndexOf(".");
    return {
      signed: Buffer.from(token.slice(0, dot)),
      signature: Buffer.from(token.slice(dot + 1), "base64url"),
    };
  });
  const check = createPrimitive(key);
  return (index) => check(prepared[index] as Prepared);
};

function createPrimitive(key: VerificationKey): (prepared: Prepared) => boolean {
  if (key.algorithm === "HS256") {
    const secret = Buffer.from(key.secret, "base64url");
    return ({ signed, signature }) =>
      timingSafeEqual(createHmac("sha256", secret).update(signed).digest(), signature);
  }
  const publicKey = createPublicKey(key.pem);
  if (key.algorithm === "ES256") {
    const options = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
    return ({ signed, signature }) => verify("sha256", signed, options, signature);
  }
  if (key.algorithm === "PS256") {
    const options = { key: publicKey, padding: 6, saltLength: 32 } as const;
    return ({ signed, signature }) => verify("sha256", signed, options, signature);
  }
  const digest = key.algorithm === "Ed25519" ? null : "sha256";
  return ({ signed, signature }) => verify(digest, signed, publicKey, signature);
}
