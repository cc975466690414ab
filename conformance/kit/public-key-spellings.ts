import { createPublicKey } from "node:crypto";
import type { SigningKey } from "./signing-key.ts";

/** Ways in which a public key's text or octets are found lying about; each has once been taken for a secret. */
export function publicKeySpellings(
  key: SigningKey,
): readonly (readonly [name: string, text: string | Buffer])[] {
  if (key.privateKey === undefined) throw new TypeError("A secret has no public spelling");
  const publicKey = createPublicKey(key.privateKey);
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const pkcs1 = publicKey.export({ type: "pkcs1", format: "pem" }).toString();
  const jwk = JSON.stringify(key.publicJwk);
  return [
    ["PEM with LF", pem],
    ["PEM with CRLF", pem.replaceAll("\n", "\r\n")],
    ["PEM without its last line end", pem.trimEnd()],
    ["PKCS#1 PEM", pkcs1],
    ["DER SubjectPublicKeyInfo", publicKey.export({ type: "spki", format: "der" })],
    ["DER RSAPublicKey", publicKey.export({ type: "pkcs1", format: "der" })],
    ["base64 of DER", publicKey.export({ type: "spki", format: "der" }).toString("base64")],
    ["JWK", jwk],
    ["JWK with indentation", JSON.stringify(key.publicJwk, null, 2)],
    ["JWK Set", `{"keys":[${jwk}]}`],
    ["JWK inside an array", `[${jwk}]`],
    ["OpenSSH", formatOpenSsh(key)],
  ];
}

/** RFC 4253 section 6.6: length-prefixed "ssh-rsa", e, n. */
function formatOpenSsh({ publicJwk }: SigningKey): string {
  const fields = [
    Buffer.from("ssh-rsa"),
    Buffer.from(publicJwk["e"] ?? "", "base64url"),
    Buffer.concat([Buffer.of(0), Buffer.from(publicJwk["n"] ?? "", "base64url")]),
  ];
  const blob = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `ssh-rsa ${Buffer.concat(blob).toString("base64")} somebody@somewhere`;
}
