/** Attacks on the signature (15, 16, 22 and 23). */

import assert from "node:assert/strict";
import { constants, type KeyObject, privateEncrypt, sign } from "node:crypto";
import { test } from "node:test";
import { type Attack, testAttacks } from "../kit/attack-table.ts";

import { encodeMessage } from "../kit/encoded-message.ts";
import { expectAcceptance } from "../kit/expect-verdict.ts";
import { decodeSegment, encodePart, splitToken } from "../kit/raw-token.ts";
import { createScene, issueToken } from "../kit/scene.ts";
import { type SigningKey, sharedKey } from "../kit/signing-key.ts";
import { measureWork } from "../kit/work-meter.ts";

const CURVES = {
  ES256: {
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    prime: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  },
  ES384: {
    bytes: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    prime:
      0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
  },
  ES512: {
    bytes: 66,
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    prime: 2n ** 521n - 1n,
  },
} as const;
type EcdsaName = keyof typeof CURVES;
const ECDSA_NAMES = Object.keys(CURVES) as EcdsaName[];

function toOctets(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");
}

/** The header and payload of an honest token with these octets as its signature. */
function withSignature(key: SigningKey, signature: Uint8Array): string {
  const { header, payload } = splitToken(issueToken({ key }));
  return `${header}.${payload}.${encodePart(signature)}`;
}

function signedText(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}

for (const name of ECDSA_NAMES) {
  const { bytes, order, prime } = CURVES[name];
  const values = { 0: 0n, 1: 1n, "n-1": order - 1n, n: order, "n+1": order + 1n, p: prime };
  testAttacks(
    `J15 ${name} signatures of zeros, the order and the prime`,
    Object.entries(values).flatMap(([rName, r]) =>
      Object.entries(values).map(([sName, s]) => ({
        name: `r = ${rName}, s = ${sName}`,
        token: () => withSignature(sharedKey(name), Buffer.concat([toOctets(r, bytes), toOctets(s, bytes)])),
        reason: "signature_invalid" as const,
      })),
    ),
    () => createScene({ keys: [sharedKey(name)] }),
  );
}

testAttacks(
  "J16 ECDSA signatures in another encoding",
  ECDSA_NAMES.flatMap((name) => {
    const key = sharedKey(name);
    const validator = (): ReturnType<typeof createScene> => createScene({ keys: [key] });
    const change = (title: string, edit: (signature: Buffer) => Uint8Array): Attack => ({
      name: `${name} ${title}`,
      token: () => {
        const token = issueToken({ key });
        const signature = Buffer.from(decodeSegment(splitToken(token).signature));
        return `${signedText(token)}.${encodePart(edit(signature))}`;
      },
      reason: "signature_invalid",
      validator,
    });
    const { bytes } = CURVES[name];
    return [
      {
        name: `${name} DER`,
        token: () => {
          const text = signedText(issueToken({ key }));
          const digest = { ES256: "sha256", ES384: "sha384", ES512: "sha512" }[name];
          return `${text}.${encodePart(sign(digest, Buffer.from(text), key.privateKey as KeyObject))}`;
        },
        reason: "signature_invalid" as const,
        validator,
      },
      change("without its last octet", (signature) => signature.subarray(0, -1)),
      change("with an octet more", (signature) => Buffer.concat([signature, Buffer.of(0)])),
      change("with an octet before", (signature) => Buffer.concat([Buffer.of(0), signature])),
      change("with both halves one octet longer", (signature) =>
        Buffer.concat([Buffer.of(0), signature.subarray(0, bytes), Buffer.of(0), signature.subarray(bytes)]),
      ),
      change("with r and s changed about", (signature) =>
        Buffer.concat([signature.subarray(bytes), signature.subarray(0, bytes)]),
      ),
      change("twice", (signature) => Buffer.concat([signature, signature])),
    ];
  }),
);

test("J16 a signature of another length costs no signature check", async () => {
  for (const name of [...ECDSA_NAMES, "RS256", "Ed25519", "HS256"] as const) {
    const key = sharedKey(name);
    const validator = createScene({ keys: [key] });
    const { length } = decodeSegment(splitToken(issueToken({ key })).signature);
    for (const other of [0, 1, length - 1, length + 1, 2 * length]) {
      const token = withSignature(key, Buffer.alloc(other, 1));
      const { result: verdict, work } = await measureWork(() => validator.validate(token));
      assert.equal(verdict.ok ? "ok" : verdict.reason, "signature_invalid");
      assert.equal(work.cryptoCalls, 0, `${name} with ${other} octets`);
    }
  }
});

test("J16 the twin (r, n - s) of an ECDSA signature is as good, and is the same token by its jti", async () => {
  for (const name of ECDSA_NAMES) {
    const key = sharedKey(name);
    const { bytes, order } = CURVES[name];
    const token = issueToken({ key });
    const signature = Buffer.from(decodeSegment(splitToken(token).signature));
    const s = BigInt(`0x${signature.subarray(bytes).toString("hex")}`);
    const twin = Buffer.concat([signature.subarray(0, bytes), toOctets(order - s, bytes)]);
    const validator = createScene({ keys: [key] });
    const first = await expectAcceptance(validator, token);
    const second = await expectAcceptance(validator, `${signedText(token)}.${encodePart(twin)}`);
    assert.deepEqual(second.token.claims, first.token.claims);
  }
});

function signPss(text: string, options: { readonly digest: string; readonly saltLength: number }): string {
  const key = sharedKey("PS256").privateKey as KeyObject;
  const { digest, saltLength } = options;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return `${text}.${encodePart(sign(digest, Buffer.from(text), { key, padding, saltLength }))}`;
}

testAttacks(
  "J22 PSS with another salt or hash, and the two RSA schemes in each other's place",
  [
    ...[0, 20, 31, 33, 64, constants.RSA_PSS_SALTLEN_MAX_SIGN].map((saltLength) => ({
      name: `PS256 with ${saltLength === constants.RSA_PSS_SALTLEN_MAX_SIGN ? "the longest salt" : `a salt of ${saltLength} octets`}`,
      token: () =>
        signPss(signedText(issueToken({ key: sharedKey("PS256") })), { digest: "sha256", saltLength }),
      reason: "signature_invalid" as const,
    })),
    {
      name: "PS256 with SHA-384",
      token: () =>
        signPss(signedText(issueToken({ key: sharedKey("PS256") })), { digest: "sha384", saltLength: 32 }),
      reason: "signature_invalid",
    },
    {
      name: "PKCS#1 v1.5 under PS256",
      token: () => withSchemeOf("RS256", sharedKey("PS256")),
      reason: "signature_invalid",
    },
    {
      name: "PSS under RS256",
      token: () => withSchemeOf("PS256", sharedKey("RS256")),
      reason: "signature_invalid",
    },
    {
      name: "header RS256 with the PS256 key's kid",
      token: () => issueToken({ key: sharedKey("PS256"), header: { alg: "RS256" } }),
      reason: "key_unsuitable",
    },
  ],
  () => createScene({ keys: [sharedKey("PS256"), sharedKey("RS256")] }),
);

function withSchemeOf(scheme: "RS256" | "PS256", key: SigningKey): string {
  const text = signedText(issueToken({ key }));
  return `${text}.${encodePart(key.sign(text, scheme))}`;
}

/** A signature over an encoded message of our choice, by the issuer's own key: only the padding check can refuse it. */
function signEncoded(edit: (message: Buffer) => Buffer): string {
  const key = sharedKey("RS256");
  const text = signedText(issueToken({ key }));
  const message = edit(encodeMessage(text, 256));
  const padding = constants.RSA_NO_PADDING;
  return `${text}.${encodePart(privateEncrypt({ key: key.privateKey as KeyObject, padding }, message))}`;
}

test("J23 the forger's tool itself makes a good signature when it changes nothing", async () => {
  await expectAcceptance(
    createScene({ keys: [sharedKey("RS256")] }),
    signEncoded((message) => message),
  );
});

testAttacks(
  "J23 PKCS#1 v1.5 padding with garbage in it (Bleichenbacher 2006)",
  (
    [
      ["short filling and garbage behind the digest", (message) => shortenFilling(message, 8)],
      ["one octet of filling less and one of garbage behind", (message) => shortenFilling(message, 201)],
      ["another filling octet", (message) => patch(message, 100, 0xfe)],
      ["block type 2", (message) => patch(message, 1, 2)],
      ["a first octet that is not zero", (message) => patch(message, 0, 1)],
      ["no zero before the digest", (message) => patch(message, 204, 0xff)],
      ["another hash's identifier", (message) => patch(message, 204 + 15, 2)],
      ["the digest without its identifier", (message) => withoutIdentifier(message)],
      ["another digest", (message) => patch(message, 255, (message[255] ?? 0) ^ 1)],
    ] as [string, (message: Buffer) => Buffer][]
  ).map(([name, edit]) => ({
    name,
    token: () => signEncoded(edit),
    reason: "signature_invalid" as const,
  })),
  () => createScene({ keys: [sharedKey("RS256")] }),
);

function patch(message: Buffer, at: number, ...octets: number[]): Buffer {
  const copy = Buffer.from(message);
  for (const [index, octet] of octets.entries()) copy[at + index] = octet;
  return copy;
}

function shortenFilling(message: Buffer, filling: number): Buffer {
  const digest = message.subarray(-52);
  const front = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(filling, 0xff), digest]);
  return Buffer.concat([front, Buffer.alloc(256 - front.length, 0x41)]);
}

function withoutIdentifier(message: Buffer): Buffer {
  const digest = message.subarray(-32);
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(221, 0xff), Buffer.of(0), digest]);
}
