/** Ready-made attacks on the choice of key and algorithm. */

import { ALGORITHMS } from "../algorithms.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import { signHmac } from "./test-key.ts";
import type { TestTokenKind } from "./test-token.ts";
import { encodeJson, splitToken } from "./token-parts.ts";

export type KeyAttackName =
  | "algNone"
  | "algNoneSigned"
  | "hmacWithPublicKey"
  | "unknownKid"
  | "otherKey"
  | "embeddedKey"
  | "criticalHeader"
  | "unencodedPayload";

export const KEY_ATTACKS: Readonly<Record<KeyAttackName, TestTokenKind>> = Object.freeze({
  algNone: {
    description: "alg none and no signature (RFC 7515 appendix A.5)",
    expected: "algorithm_not_allowed",
    make: async ({ sign }) => {
      const [, payload] = splitToken(await sign());
      return `${encodeJson({ alg: "none", typ: "at+jwt" })}.${payload}.`;
    },
  },
  algNoneSigned: {
    description: "alg nOnE and a signature",
    expected: "algorithm_not_allowed",
    make: ({ sign }) => sign({}, { header: { alg: "nOnE" } }),
  },
  hmacWithPublicKey: {
    description: "alg swapped to HMAC, with the public key's PEM as secret",
    expected: "algorithm_not_allowed",
    make: async ({ sign, key }) => {
      // An issuer of HMAC tokens is shown the swap the other way round.
      const alg = key.secret === undefined ? "HS256" : "RS256";
      const [, payload] = splitToken(await sign());
      const input = `${encodeJson({ alg, kid: key.keyId, typ: "at+jwt" })}.${payload}`;
      const secret = key.secret ?? toBytes(key.publicPem ?? "");
      const mac = await signHmac(ALGORITHMS.HS256, { secret, data: toBytes(input) });
      return `${input}.${encodeBase64url(mac)}`;
    },
  },
  unknownKid: {
    description: "signed with a key that the issuer does not publish",
    expected: "key_unknown",
    make: async ({ sign, createStranger }) => sign({}, { key: await createStranger() }),
  },
  otherKey: {
    description: "the kid of the issuer's key, signed with another",
    expected: "signature_invalid",
    make: async ({ sign, key, createStranger }) =>
      sign({}, { key: await createStranger(), header: { kid: key.keyId } }),
  },
  embeddedKey: {
    description: "signed with the attacker's key, which stands in the header as jwk",
    expected: "signature_invalid",
    make: async ({ sign, key, createStranger }) => {
      const stranger = await createStranger();
      return sign({}, { key: stranger, header: { kid: key.keyId, jwk: { ...stranger.publicJwk } } });
    },
  },
  criticalHeader: {
    description: "crit names an extension that nobody knows",
    expected: "critical_header_unsupported",
    make: ({ sign }) => sign({}, { header: { crit: ["urn:test:x"], "urn:test:x": true } }),
  },
  unencodedPayload: {
    description: "b64 false (RFC 7797), which a JWT must not use",
    expected: "critical_header_unsupported",
    make: ({ sign }) => sign({}, { header: { crit: ["b64"], b64: false } }),
  },
});
