/** Tokens that must never pass, made from one that does. */

import { generateKeyPairSync, sign } from "node:crypto";

type Members = Readonly<Record<string, unknown>>;

function encode(value: Members): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Members {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Members;
}

function split(token: string): readonly [header: string, payload: string, signature: string] {
  const [header, payload, signature] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined)
    throw new Error("Not a compact JWS");
  return [header, payload, signature];
}

/** The same signature over other claims. */
export function tamper(token: string, claims: Members = { sub: "user-root" }): string {
  const [header, payload, signature] = split(token);
  return `${header}.${encode({ ...decode(payload), ...claims })}.${signature}`;
}

/** The same signature under another header. */
export function changeHeader(token: string, members: Members): string {
  const [header, payload, signature] = split(token);
  return `${encode({ ...decode(header), ...members })}.${payload}.${signature}`;
}

/** One bit of the signature is different. */
export function damageSignature(token: string): string {
  const [header, payload, signature] = split(token);
  const bytes = Buffer.from(signature, "base64url");
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  return `${header}.${payload}.${bytes.toString("base64url")}`;
}

/** Unsigned (RFC 7519 section 6). */
export function stripSignature(token: string): string {
  const [header, payload] = split(token);
  return `${encode({ ...decode(header), alg: "none" })}.${payload}.`;
}

/** Well signed by a key that is not the issuer's; under the issuer's kid, or under one that nobody knows. */
export function createForger(): (token: string, kid?: string) => string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return (token, kid) => {
    const [header, payload] = split(token);
    const signed = `${encode({ ...decode(header), ...(kid === undefined ? {} : { kid }) })}.${payload}`;
    const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  };
}
