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

  test("is recognized across lines and behind other words", () => {
    const body = String(TEXTS["spki"]).replace(/-----[^-]+-----\n/g, "");
    assert.match(body, /\n.+\n/);
    const other = Buffer.from("no key, and long enough for a word").toString("base64");
    for (const prefix of ["", "\ufeff", " \n\t "])
      assert.equal(findKeyText(Buffer.from(prefix + body)), "a key or certificate in DER", prefix);
    const encoded = Buffer.from(String(TEXTS["spki"])).toString("base64");
    assert.equal(findKeyText(Buffer.from(`${other} ${encoded}`)), "a PEM");
  });

  test("is named for people", () => {
    assert.equal(findKeyText(Buffer.from(TEXTS["spki"] ?? "")), "a PEM");
    assert.equal(findKeyText(derOf(TEXTS["spki"] ?? "")), "a key or certificate in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs1 public"] ?? "")), "a key or certificate in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs1 private"] ?? "")), "a key or certificate in DER");
    assert.equal(findKeyText(derOf(TEXTS["pkcs8"] ?? "")), "a key or certificate in DER");
    assert.equal(findKeyText(derOf(TEXTS["sec1"] ?? "")), "a key or certificate in DER");
    assert.equal(findKeyText(derOf(CERTIFICATE)), "a key or certificate in DER");
    assert.equal(findKeyText(Buffer.from(TEXTS["JWK"] ?? "")), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from(TEXTS["OpenSSH"] ?? "")), "an OpenSSH key");
  });
});

describe("the search for JSON", () => {
  const key = '{"\\u006bty":"RSA"}';

  test("finds a key also where the JSON is cut off", () => {
    assert.equal(findKeyText(Buffer.from('{"kty":"EC","crv":"P-256","x":"')), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from('"kty" : "EC"')), "a JWK or a JWK Set");
  });

  test("finds a key however deep, and whichever of its characters are escaped", () => {
    for (const inner of [key, JSON.stringify(key), JSON.stringify(JSON.stringify({ data: key }))]) {
      const text = `${"[{},".repeat(200)}${inner}${"]".repeat(200)}`;
      assert.equal(findKeyText(Buffer.from(text)), "a JWK or a JWK Set", inner);
    }
    assert.equal(findKeyText(Buffer.from("{\\u0022k\\u0074y\\u0022 : 1}")), "a JWK or a JWK Set");
    assert.equal(findKeyText(Buffer.from('{"kt":"y","key":"value"}')), undefined);
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
      assert.equal(findKeyText(Buffer.from(found)), "a key or certificate in DER");
      assert.equal(findKeyText(Buffer.from(`= ${found} =`)), "a key or certificate in DER");
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

describe("an OpenSSH key", () => {
  test("is recognized by the name of its type, which stands in its octets as in its line", () => {
    for (const name of [
      "ssh-rsa",
      "ssh-dss",
      "ssh-ed25519",
      "ssh-ed448",
      "ecdsa-sha2-nistp256",
      "sk-ssh-ed25519@openssh.com",
    ]) {
      const octets = Buffer.from(`\0\0\0${String.fromCharCode(name.length)}${name}\0\0\0\u0020key`);
      assert.equal(findKeyText(octets), "an OpenSSH key", name);
      assert.equal(findKeyText(Buffer.from(octets.toString("base64"))), "an OpenSSH key", name);
      assert.equal(findKeyText(Buffer.from(`${name} AAAA me@host`)), "an OpenSSH key", name);
    }
  });

  test("is not every text that begins or ends like one", () => {
    for (const text of ["\0\0\0\u0007ssh-foo\0", "my-ssh-rsa-password", "ssh-rsa2048", "xssh-ed25519"]) {
      assert.equal(findKeyText(Buffer.from(text)), undefined, text);
    }
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
