/** Ready-made attacks on the signature. */

import { encodeBase64url } from "./encode-base64url.ts";
import type { TestTokenKind } from "./test-token.ts";
import { splitToken, writeTexts } from "./token-parts.ts";

export type SignatureAttackName =
  | "tamperedPayload"
  | "tamperedSignature"
  | "zeroSignature"
  | "shortSignature"
  | "emptySignature";

export const SIGNATURE_ATTACKS: Readonly<Record<SignatureAttackName, TestTokenKind>> = Object.freeze({
  tamperedPayload: {
    description: "sub changed after signing",
    expected: "signature_invalid",
    make: async (signer) => {
      const [header, , signature] = splitToken(await signer.sign());
      const { payloadText } = await writeTexts(signer);
      return `${header}.${encodeBase64url(payloadText.replace("user-1", "admin"))}.${signature}`;
    },
  },
  tamperedSignature: {
    description: "one character of the signature changed",
    expected: "signature_invalid",
    make: async ({ sign }) => {
      const [header, payload, signature] = splitToken(await sign());
      // The middle, where no bit is spare and RSA's number stays below the modulus.
      const at = Math.floor(signature.length / 2);
      const other = signature[at] === "A" ? "B" : "A";
      return `${header}.${payload}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`;
    },
  },
  zeroSignature: {
    description: "a signature of the right length, all zero (CVE-2022-21449)",
    expected: "signature_invalid",
    make: async ({ sign }) => {
      const [header, payload, signature] = splitToken(await sign());
      const octets = Math.floor((signature.length * 3) / 4);
      return `${header}.${payload}.${encodeBase64url(new Uint8Array(octets))}`;
    },
  },
  shortSignature: {
    description: "a signature without its last octet",
    expected: "signature_invalid",
    make: async ({ sign }) => {
      const [header, payload, signature] = splitToken(await sign());
      const octets = Math.floor((signature.length * 3) / 4) - 1;
      return `${header}.${payload}.${encodeBase64url(new Uint8Array(octets).fill(0x55))}`;
    },
  },
  emptySignature: {
    description: "a real alg and an empty signature",
    expected: "signature_invalid",
    make: async ({ sign }) => {
      const [header, payload] = splitToken(await sign());
      return `${header}.${payload}.`;
    },
  },
});
