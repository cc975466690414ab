import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { findKeyText } from "../../src/keys/find-key-text.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");

/** A self-signed certificate for "test", EC P-256; a real one, because its structure is what is recognized. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUZL0kR0oKZ4kmfQXvQWsAXeh6k7EwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMxNTIwMDFaGA8yMTI2MTAzMDE1MjAw
MVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCVb
9u0UxRrx3SD7g1jxsBFA2aUmLoBXqT9IboSDpiZwxOJ6+aVSVhGJJve3d8a88+Bd
KKrtbIyY41P5pbDYBFujUzBRMB0GA1UdDgQWBBRwOisUULb2qjwx1SdrbfeffUo+
7TAfBgNVHSMEGDAWgBRwOisUULb2qjwx1SdrbfeffUo+7TAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIFQnYcfuqYCr/N7nTNr6Aq5oy+BDYnRwemH1
Rswru/GWAiEAl8jgomUdTZcfsXLeAsh2Cx4J6F4aqfMWLyo/NVDvF64=
-----END CERTIFICATE-----
`;

function pem(key: KeyObject, type: "spki" | "pkcs1" | "pkcs8" | "sec1"): string {
  return String(key.export({ format: "pem", type } as { format: "pem"; type: "pkcs1" }));
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----/g, ""), "base64");
}

/** The line that ssh-keygen writes. */
function openSshLine(): string {
  const { x } = edwards.publicKey.export({ format: "jwk" });
  const parts = [Buffer.from("ssh-ed25519"), Buffer.from(String(x), "base64url")];
  return `ssh-ed25519 ${Buffer.concat(parts.flatMap((part) => [lengthOf(part), part])).toString("base64")} me@host`;
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

const PEMS: Readonly<Record<string, string>> = {
  spki: pem(rsa.publicKey, "spki"),
  "spki of EC": pem(ec.publicKey, "spki"),
  "spki of Ed25519": pem(edwards.publicKey, "spki"),
  "pkcs1 public": pem(rsa.publicKey, "pkcs1"),
  "pkcs1 private": pem(rsa.privateKey, "pkcs1"),
  pkcs8: pem(rsa.privateKey, "pkcs8"),
  "pkcs8 of Ed25519": pem(edwards.privateKey, "pkcs8"),
  sec1: pem(ec.privateKey, "sec1"),
  certificate: CERTIFICATE,
};

const jwk = ec.publicKey.export({ format: "jwk" });

const TEXTS: Readonly<Record<string, string>> = {
  ...PEMS,
  JWK: JSON.stringify(jwk),
  "JWK Set": JSON.stringify({ keys: [jwk] }),
  "JWK, printed": JSON.stringify(jwk, null, 2),
  "JWK in a string": JSON.stringify(JSON.stringify({ keys: [jwk] })),
  "JWK in a string in an object": JSON.stringify({ data: JSON.stringify({ jwks: { keys: [jwk] } }) }),
  "JWK with an escaped name": '{"\\u006bty":"RSA","n":"AAAA","e":"AQAB"}',
  OpenSSH: openSshLine(),
};

const PREFIXES = [
  "",
  " ",
  "\t",
  "\n\n",
  "\r\n",
  "\ufeff",
  "# the key\n",
  "// key {\n",
  "<!-- x -->",
  "key=",
  '"',
  "\u0000",
];

describe("the text of a key or certificate", () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    test(`is recognized as such, whatever stands before and after it: ${name}`, () => {
      for (const prefix of PREFIXES) {
        for (const suffix of ["", "\n", "  ", "\n# end"]) {
          const octets = Buffer.from(prefix + text + suffix, "utf8");
          assert.notEqual(findKeyText(octets), undefined, JSON.stringify([prefix, suffix]));
        }
      }
    });

    test(`is recognized in other line ends and encodings: ${name}`, () => {
      assert.notEqual(findKeyText(Buffer.from(text.replaceAll("\n", "\r\n"))), undefined);
      assert.notEqual(findKeyText(Buffer.from(text.trimEnd())), undefined);
      assert.notEqual(findKeyText(Buffer.from(text, "utf16le")), undefined);
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        const encoded = Buffer.from(text).toString(encoding);
        assert.notEqual(findKeyText(Buffer.from(encoded)), undefined, encoding);
        assert.notEqual(findKeyText(Buffer.from(`key: ${encoded}\n`)), undefined, encoding);
      }
    });
  }

  test("is recognized without its armor: the body of a PEM, an x5c entry, DER in hexadecimal", () => {
    for (const [name, text] of Object.entries(PEMS)) {
      const der = derOf(text);
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        assert.notEqual(findKeyText(Buffer.from(der.toString(encoding))), undefined, `${name} ${encoding}`);
      }
    }
  });

  test("is named for people", () => {
    assert.equal(findKeyText(Buffer.from(TEXTS["spki"] ?? "")), "a PEM");
    assert.equal(findKeyText(derOf(TEXTS["spki"] ?? "")), "a public key in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs1 public"] ?? "")), "an RSA key in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs1 private"] ?? "")), "an RSA key in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs8"] ?? "")), "a private key in DER");
    assert.equal(findKeyText(derOf(TEXTS["sec1"] ?? "")), "a private key in DER");
    assert.equal(findKeyText(derOf(CERTIFICATE)), "a certificate in DER");
    assert.equal(findKeyText(Buffer.from(TEXTS["JWK"] ?? "")), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from(TEXTS["OpenSSH"] ?? "")), "an OpenSSH public key");
  });
});

describe("the search for JSON", () => {
  const key = '{"\\u006bty":"RSA"}';
  /** JSON that spends all places to look at before `inner`, so that only the outermost one finds it. */
  const deep = (levels: number, inner: string) =>
    Buffer.from(`[${"[],".repeat(64)}${"[".repeat(levels)}${inner}${"]".repeat(levels)}]`);

  test("finds a key also where the JSON is cut off", () => {
    assert.equal(findKeyText(Buffer.from('{"kty":"EC","crv":"P-256","x":"')), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from('"kty" : "EC"')), "a JWK or a JWK Set");
  });

  test("looks at 64 places and no more", () => {
    assert.equal(findKeyText(Buffer.from(`${"[".repeat(64)}${key}]`)), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from(`${"[".repeat(65)}${key}]`)), undefined);
  });

  test("looks eight levels deep and no deeper, where JSON in a string is a level", () => {
    assert.equal(findKeyText(deep(7, key)), "a JWK or a JWK Set");
    assert.equal(findKeyText(deep(8, key)), undefined);
    assert.equal(findKeyText(deep(6, JSON.stringify(key))), "a JWK or a JWK Set");
    assert.equal(findKeyText(deep(7, JSON.stringify(key))), undefined);
  });
});

describe("the search in encodings", () => {
  const small = (bits: number) =>
    Buffer.from([0x30, bits + 7, 0x30, 3, 6, 1, 42, 3, bits, ...Array(bits).fill(0xff)]);
  const encode = (text: string, times: number): string =>
    times === 0 ? text : encode(Buffer.from(text).toString("base64"), times - 1);

  test("undoes three of them and no more", () => {
    assert.equal(findKeyText(Buffer.from(encode("-----BEGIN PUBLIC KEY-----", 3))), "a PEM");
    assert.equal(findKeyText(Buffer.from(encode("-----BEGIN PUBLIC KEY-----", 4))), undefined);
  });

  test("looks at words of 24 characters and more, whatever their length", () => {
    for (const encoding of ["base64", "hex"] as const) {
      const octets = encoding === "base64" ? 18 : 12;
      const found = small(octets - 9).toString(encoding);
      assert.equal(found.length, 24);
      assert.equal(findKeyText(Buffer.from(found)), "a public key in DER");
      assert.equal(findKeyText(Buffer.from(`= ${found} =`)), "a public key in DER");
      const shorter = small(octets - 10)
        .toString(encoding)
        .replace(/=+$/, "");
      assert.equal(findKeyText(Buffer.from(shorter)), undefined);
      assert.equal(findKeyText(Buffer.from(`- ${shorter} -`)), undefined);
    }
    for (let length = 0; length < 64; length++)
      assert.equal(findKeyText(Buffer.alloc(length, "a")), undefined);
  });

  test("knows the armor of RFC 4716 and of PEM", () => {
    assert.equal(findKeyText(Buffer.from("---- BEGIN SSH2 PUBLIC KEY ----")), "a PEM");
    assert.equal(findKeyText(Buffer.from("-----BEGIN RSA")), "a PEM");
    assert.equal(findKeyText(Buffer.from("--- BEGIN PUBLIC KEY ---, said the actor")), undefined);
  });
});

describe("octets of an OpenSSH key", () => {
  const name = Buffer.from("ssh-ed25519");
  const key = Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.from([0])]);

  test("are a name of known type with its length, and something after it", () => {
    assert.equal(findKeyText(key), "an OpenSSH public key");
    assert.equal(findKeyText(key.subarray(0, -1)), undefined);
    for (let at = 0; at < 4; at++) {
      const changed = Buffer.from(key);
      changed[at] = (changed[at] ?? 0) + 1;
      assert.equal(findKeyText(changed), undefined, `octet ${at}`);
    }
    for (const other of [
      "ssh-rsa",
      "ssh-dss",
      "ssh-ed448",
      "ecdsa-sha2-nistp256",
      "sk-ssh-ed25519@openssh.com",
    ]) {
      const octets = Buffer.concat([
        Buffer.from([0, 0, 0, other.length]),
        Buffer.from(other),
        Buffer.from([0]),
      ]);
      assert.equal(findKeyText(octets), "an OpenSSH public key", other);
    }
    const unknown = Buffer.from("\0\0\0\u0007ssh-foo\0");
    assert.equal(findKeyText(unknown), undefined);
  });
});

describe("octets of a key in DER", () => {
  test("are recognized, also with white space or a byte order mark around", () => {
    for (const [name, text] of Object.entries(PEMS)) {
      const der = derOf(text);
      assert.notEqual(findKeyText(der), undefined, name);
      for (const space of ["\n", " \r\n", "\t", "\ufeff"]) {
        assert.notEqual(
          findKeyText(Buffer.concat([Buffer.from(space), der, Buffer.from("\n")])),
          undefined,
          name,
        );
      }
    }
  });
});

describe("a secret", () => {
  test("of random octets is never taken for a key", () => {
    for (let count = 0; count < 2000; count++) {
      const secret = randomBytes(32 + (count % 64));
      assert.equal(findKeyText(secret), undefined);
      assert.equal(findKeyText(Buffer.from(secret.toString("base64"))), undefined);
      assert.equal(findKeyText(Buffer.from(secret.toString("hex"))), undefined);
    }
  });

  test("that is a pass phrase, a UUID or JSON of something else is none either", () => {
    const texts = [
      "a-string-secret-at-least-256-bits-long",
      "correct horse battery staple, and then some more words",
      "123e4567-e89b-12d3-a456-426614174000123e4567",
      '{"secret":"abcdefghijklmnopqrstuvwxyz0123456789"}',
      "0".repeat(64),
      "",
    ];
    for (const text of texts) assert.equal(findKeyText(Buffer.from(text)), undefined, text);
  });

  test("of any octets makes the search neither throw nor take long", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void findKeyText(octets)));
    const brackets = Buffer.from('{"[{'.repeat(1024));
    assert.equal(findKeyText(brackets), undefined);
    assert.equal(findKeyText(Buffer.from("MA".repeat(2048))), undefined);
    assert.equal(findKeyText(Buffer.alloc(4096, 0x30)), undefined);
  });
});
