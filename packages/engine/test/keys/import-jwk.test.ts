import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { KeyImportContext } from "../../src/keys/import-jwk.ts";
import { importJwk } from "../../src/keys/import-jwk.ts";
import { platform } from "../../src/platform/node.ts";
import type { Jwk } from "./public-keys.ts";
import { describeJwk, INLINE, PUBLIC_KEYS } from "./public-keys.ts";

const { rsa, p256, p384, p521, ed25519, ed448, mlDsa44, secp256k1, x25519 } = PUBLIC_KEYS;
const ALL_NAMES = Object.keys(ALGORITHMS) as AlgorithmName[];

function allowing(...names: readonly AlgorithmName[]): KeyImportContext {
  return { ...INLINE, algorithms: names.map((name) => ALGORITHMS[name]) };
}

describe("a JWK without alg", () => {
  test("counts for the allowed algorithms that fit its type and curve, and no others", () => {
    assert.equal(describeJwk(rsa), "RS256 RS384 RS512 PS256 PS384 PS512");
    assert.equal(describeJwk(rsa, allowing("ES256", "PS256", "HS256")), "PS256");
    assert.equal(describeJwk(p256), "ES256");
    assert.equal(describeJwk(p384), "ES384");
    assert.equal(describeJwk(p521), "ES512");
    assert.equal(describeJwk(ed25519), "Ed25519");
    assert.equal(describeJwk(ed448), "Ed448");
  });

  test("is ignored where no allowed algorithm uses such a key", () => {
    assert.match(describeJwk(rsa, allowing("ES256", "HS256")), /^<ignored: no algorithm .* uses RSA keys>/);
    assert.match(describeJwk(p256, allowing("ES384")), /^<ignored: no algorithm .* uses EC keys on P-256>/);
    assert.match(describeJwk(ed448, allowing("EdDSA", "Ed25519")), /^<ignored: .* OKP keys on Ed448>/);
  });

  test("is refused for AKP keys, which must name theirs", () => {
    assert.match(describeJwk({ ...mlDsa44, alg: undefined }), /^<refused: "alg" is missing; AKP keys/);
  });

  test("counts for Ed25519 where only its alias EdDSA is allowed", () => {
    assert.equal(describeJwk(ed25519, allowing("EdDSA")), "Ed25519");
    assert.equal(describeJwk(ed25519, allowing("EdDSA", "Ed25519")), "Ed25519");
  });
});

describe("a JWK with alg", () => {
  test("counts for this algorithm only", () => {
    assert.equal(describeJwk({ ...rsa, alg: "PS384" }), "PS384");
    assert.equal(describeJwk({ ...ed25519, alg: "Ed25519" }), "Ed25519");
    assert.equal(describeJwk({ ...ed25519, alg: "EdDSA" }), "Ed25519");
    assert.equal(describeJwk({ ...ed448, alg: "EdDSA" }), "Ed448");
    assert.equal(describeJwk(mlDsa44), "ML-DSA-44");
  });

  test("is refused where it fits neither the type nor the curve, whichever pair it is", () => {
    const fitting: Readonly<Record<string, readonly [Jwk, readonly string[]]>> = {
      rsa: [rsa, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]],
      p256: [p256, ["ES256"]],
      p384: [p384, ["ES384"]],
      p521: [p521, ["ES512"]],
      ed25519: [ed25519, ["Ed25519", "EdDSA"]],
      ed448: [ed448, ["Ed448", "EdDSA"]],
    };
    for (const [name, [jwk, algorithms]] of Object.entries(fitting)) {
      for (const alg of ALL_NAMES) {
        const outcome = describeJwk({ ...jwk, alg });
        if (algorithms.includes(alg)) assert.doesNotMatch(outcome, /^</, `${name} ${alg}`);
        else assert.match(outcome, /^<refused: "alg" \S+ does not fit/, `${name} ${alg}`);
      }
    }
  });

  test("is ignored where the algorithm is not allowed, or none for signatures that we know", () => {
    assert.equal(
      describeJwk({ ...rsa, alg: "RS256" }, allowing("PS256")),
      '<ignored: "alg" RS256 is not allowed for this issuer>',
    );
    for (const alg of ["RSA-OAEP", "RSA1_5", "ES521", "es256", "none", "", "__proto__", "constructor"]) {
      assert.match(
        describeJwk({ ...rsa, alg }),
        /^<ignored: "alg" ".*" is no supported signature algorithm>$/,
      );
    }
  });

  test("is refused where alg is no string", () => {
    for (const alg of [null, 1, ["RS256"], { RS256: true }]) {
      assert.equal(describeJwk({ ...rsa, alg }), '<refused: "alg" must be a string>');
    }
  });
});

describe("an ML-DSA key", () => {
  test("has signatures of its algorithm's length", () => {
    const imported = importJwk(mlDsa44, INLINE);
    assert.ok("keys" in imported);
    assert.equal(imported.keys[0]?.signatureBytes, 2420);
  });

  test("is refused with any other length, with the alg of another length, and with its seed", () => {
    const pub = String(mlDsa44["pub"]);
    assert.match(describeJwk({ ...mlDsa44, pub: pub.slice(0, -4) }), /"pub" has 1309 octets, expected 1312/);
    assert.match(describeJwk({ ...mlDsa44, pub: `${pub.slice(0, 1748)}AAAAAA` }), /octets, expected 1312/);
    assert.match(describeJwk({ ...mlDsa44, alg: "ML-DSA-65" }), /"pub" has 1312 octets, expected 1952/);
    assert.match(describeJwk({ ...mlDsa44, alg: "ES256" }), /<refused: "alg" ES256 does not fit AKP keys>/);
    assert.match(describeJwk({ ...mlDsa44, priv: "AA" }), /<refused: private members \(priv\)/);
  });

  test("is ignored where the runtime cannot verify it, and so is any other key", () => {
    const none = { ...platform, supports: () => false };
    assert.equal(
      describeJwk(rsa, { ...allowing("RS256", "PS512"), platform: none }),
      "<ignored: this runtime cannot verify RS256, PS512>",
    );

    const without = { ...platform, supports: () => false };
    assert.equal(
      describeJwk(mlDsa44, { ...INLINE, platform: without }),
      "<ignored: this runtime cannot verify ML-DSA-44>",
    );
  });
});

describe("a key type or curve", () => {
  test("that is not supported makes a key ignored", () => {
    assert.match(describeJwk(secp256k1), /^<ignored: the curve "secp256k1" is not supported>/);
    assert.match(describeJwk(x25519), /^<ignored: the curve "X25519" is not supported>/);
    for (const kty of ["rsa", "ec", "", "__proto__", "toString"]) {
      assert.match(describeJwk({ ...rsa, kty }), /^<ignored: the key type ".*" is not supported>/);
    }
    assert.match(describeJwk({ ...p256, crv: "__proto__" }), /^<ignored: the curve "__proto__"/);
  });

  test("that is absent, no string or contradictory makes a key refused", () => {
    for (const kty of [undefined, null, 1, ["RSA"]]) {
      assert.equal(describeJwk({ ...rsa, kty }), '<refused: "kty" must be a string>');
    }
    assert.equal(describeJwk({ ...p256, crv: undefined }), '<refused: "crv" must be a string>');
    assert.equal(describeJwk({ ...p256, kty: "OKP" }), '<refused: "crv" P-256 is no curve of "kty" OKP>');
    assert.equal(describeJwk({ ...ed25519, kty: "EC" }), '<refused: "crv" Ed25519 is no curve of "kty" EC>');
    assert.match(describeJwk({ ...p256, kty: "RSA" }), /^<refused: "n" must be a string, found nothing>/);
    assert.match(describeJwk({ ...p256, crv: "P-384" }), /^<refused: "x" has 32 octets, expected 48/);
  });
});

describe("private and symmetric material", () => {
  test("makes a key refused, whatever the member holds, and the advice depends on the source", () => {
    for (const name of ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]) {
      for (const value of ["AQAB", "", null, undefined, []]) {
        const outcome = describeJwk({ ...rsa, [name]: value });
        assert.match(
          outcome,
          new RegExp(`^<refused: private members \\(${name}\\) .*configure the public key`),
        );
        const fetched = describeJwk({ ...rsa, [name]: value }, { ...INLINE, source: "fetched" });
        assert.match(fetched, /have the issuer replace it at once>$/);
      }
    }
  });

  test("is named, every member of it", () => {
    const outcome = describeJwk({ ...rsa, q: "AA", d: "AA", k: "AA" });
    assert.match(outcome, /^<refused: private members \(d, q, k\) in a set of public keys; /);
  });

  test("makes a key of type oct refused even where a secret's algorithm is allowed", () => {
    const oct = { kty: "oct", alg: "HS256", k: "-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE" };
    assert.match(describeJwk(oct, allowing("HS256")), /^<refused: a symmetric key in a set of public keys/);
    assert.match(describeJwk({ kty: "oct" }), /^<refused: a symmetric key/);
  });
});

describe("a kid", () => {
  test("of 1 to 256 characters is the key's id", () => {
    for (const kid of ["a", "x".repeat(256), "../../dev/null", "__proto__", "ключ", "' OR 1=1 --"]) {
      const imported = importJwk({ ...p256, kid }, INLINE);
      assert.ok("keys" in imported);
      assert.equal(imported.keyId, kid);
      assert.equal(imported.keys[0]?.keyId, kid);
    }
  });

  test("of another length or type, or with control characters, makes a key refused", () => {
    for (const kid of ["", "x".repeat(257), "a\u0000b", "a\n", "\u0085", "\u007f", 1, null, {}, ["a"]]) {
      assert.match(describeJwk({ ...p256, kid }), /^<refused: "kid" must be a string of 1 to 256 characters/);
    }
  });
});

describe("a JWK's members", () => {
  test("are own data: neither a prototype nor a getter nor a changing object decides", () => {
    assert.match(describeJwk(Object.create(rsa)), /^<refused: "kty" must be a string>/);
    let reads = 0;
    const getter = Object.defineProperty({ ...rsa }, "n", { get: () => `${reads++}`, enumerable: true });
    assert.equal(describeJwk(getter), '<refused: "n" must be plain data, not an accessor>');
    assert.equal(reads, 0);
    assert.equal(
      describeJwk(JSON.parse(`{"__proto__": ${JSON.stringify(rsa)}}`)),
      '<refused: "kty" must be a string>',
    );
    assert.equal(describeJwk(Object.assign(Object.create(null), p256)), "ES256");
  });

  test("that concern certificates and locations are not looked at", () => {
    const decorated = {
      ...p256,
      x5c: ["AA"],
      x5u: "http://169.254.169.254/",
      x5t: 1,
      jku: "file:///etc/passwd",
    };
    assert.equal(describeJwk(decorated), "ES256");
  });

  test("are those of an object, and nothing else is a key", () => {
    for (const value of [undefined, null, 1, "", "RSA", true, [], [rsa], () => rsa, Symbol("key")]) {
      assert.match(describeJwk(value), /^<refused: (?:a key must be a JSON object)>/);
    }
  });
});

describe("an imported key", () => {
  test("carries its signature's length and the RFC 7638 canonical text of its members", () => {
    const imported = importJwk({ ...ed25519, kid: "k", use: "sig", x5c: [] }, INLINE);
    assert.ok("keys" in imported);
    const [key] = imported.keys;
    assert.equal(key?.signatureBytes, 64);
    assert.equal(key?.material, `{"crv":"Ed25519","kty":"OKP","x":"${String(ed25519["x"])}"}`);
    assert.equal(materialOf(rsa), `{"e":"AQAB","kty":"RSA","n":"${String(rsa["n"])}"}`);
    const { x, y } = p256 as { x: string; y: string };
    assert.equal(materialOf(p256), `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);
    assert.equal(materialOf(mlDsa44), `{"alg":"ML-DSA-44","kty":"AKP","pub":"${String(mlDsa44["pub"])}"}`);
  });

  test("is refused where the runtime's crypto refuses it", () => {
    const refusing = {
      ...platform,
      importKey: () => {
        throw new Error("no such key");
      },
    };
    assert.equal(
      describeJwk(p256, { ...INLINE, platform: refusing }),
      "<refused: the runtime's crypto refuses the key>",
    );
  });
});

test("importing never throws, and what it says holds no more than 64 characters of any member", () => {
  const member = fc.oneof(
    fc.anything(),
    fc.string({ minLength: 65, maxLength: 400 }),
    fc.constantFrom("RSA", "EC", "P-256"),
  );
  const names = ["kty", "kid", "alg", "use", "key_ops", "crv", "n", "e", "x", "y", "pub"];
  const jwk = fc.dictionary(fc.constantFrom(...names), member);
  fc.assert(
    fc.property(
      fc.oneof(jwk, fc.anything(), fc.record({ kty: fc.constant("RSA"), n: member, e: member })),
      (value) => {
        const outcome = describeJwk(value);
        assert.ok(outcome.length < 400, outcome);
        assert.match(outcome, /^[\x20-\x7e]*$/);
      },
    ),
    { numRuns: 500 },
  );
});

function materialOf(jwk: Jwk): string | undefined {
  const imported = importJwk(jwk, INLINE);
  return "keys" in imported ? imported.keys[0]?.material : undefined;
}
