/** Ready-made attacks on the form: what a strict reader refuses before it looks for a key. */

import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import type { TestTokenKind } from "./test-token.ts";
import { encodeJson, splitToken, writeTexts } from "./token-parts.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export type FormAttackName =
  | "duplicateMember"
  | "duplicateHeaderMember"
  | "prototypeMember"
  | "deepPayload"
  | "arrayPayload"
  | "invalidUtf8"
  | "nonCanonicalSignature"
  | "paddedSignature"
  | "jsonSerialization"
  | "oversized"
  | "encrypted";

export const FORM_ATTACKS: Readonly<Record<FormAttackName, TestTokenKind>> = Object.freeze({
  duplicateMember: {
    description: "two sub members in the payload",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      return signer.signRaw({ headerText, payloadText: payloadText.replace("{", '{"sub":"admin",') });
    },
  },
  duplicateHeaderMember: {
    description: "two alg members in the header, one of them escaped",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      return signer.signRaw({ headerText: headerText.replace("{", '{"\\u0061lg":"none",'), payloadText });
    },
  },
  prototypeMember: {
    description: "a __proto__ member in the payload",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      return signer.signRaw({
        headerText,
        payloadText: payloadText.replace("{", '{"__proto__":{"admin":true},'),
      });
    },
  },
  deepPayload: {
    description: "a claim nested a thousand deep",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      const deep = `${"[".repeat(1000)}${"]".repeat(1000)}`;
      return signer.signRaw({ headerText, payloadText: payloadText.replace("{", `{"deep":${deep},`) });
    },
  },
  arrayPayload: {
    description: "a payload that is a JSON array",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      return signer.signRaw({ headerText, payloadText: `[${payloadText}]` });
    },
  },
  invalidUtf8: {
    description: "a payload with an octet that is no UTF-8",
    expected: "malformed_token",
    make: async (signer) => {
      const { headerText, payloadText } = await writeTexts(signer);
      const octets = toBytes(payloadText.replace("{", '{"name":"?",'));
      octets[octets.indexOf(0x3f)] = 0xff;
      return signer.signRaw({ headerText, payloadText: octets });
    },
  },
  nonCanonicalSignature: {
    description: "another text for the same signature octets",
    expected: "malformed_token",
    make: async ({ sign }) => {
      const [header, payload, signature] = splitToken(await sign());
      return `${header}.${payload}.${loosen(signature)}`;
    },
  },
  paddedSignature: {
    description: "base64 padding behind the signature",
    expected: "malformed_token",
    make: async ({ sign }) => `${await sign()}==`,
  },
  jsonSerialization: {
    description: "the flattened JSON serialization (RFC 7515 section 7.2.2) of a valid token",
    expected: "malformed_token",
    make: async ({ sign }) => {
      const [header, payload, signature] = splitToken(await sign());
      return JSON.stringify({ payload, protected: header, signature });
    },
  },
  oversized: {
    description: "larger than the largest limit that can be configured",
    expected: "token_too_large",
    make: ({ sign }) => sign({ padding: "x".repeat(65_536) }),
  },
  encrypted: {
    description: "five parts, as an encrypted token (RFC 7516 section 7.1)",
    expected: "encryption_unsupported",
    make: async ({ sign }) => {
      const header = encodeJson({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT" });
      const random = (bytes: number): string =>
        encodeBase64url(crypto.getRandomValues(new Uint8Array(bytes)));
      return `${header}.${random(256)}.${random(12)}.${encodeBase64url(await sign())}.${random(16)}`;
    },
  },
});

/** Another text that loose decoders take for the same octets: spare bits set, or a character too much. */
function loosen(segment: string): string {
  if (segment.length % 4 === 0) return `${segment}A`;
  const last = ALPHABET.indexOf(segment.at(-1) ?? "");
  return `${segment.slice(0, -1)}${ALPHABET[last + 1] ?? ""}`;
}
