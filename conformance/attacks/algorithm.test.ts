/** Attacks on the choice of the algorithm: `none`, confusion, empty keys (standards list J, 1 to 6). */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALGORITHMS,
  type AlgorithmName,
  ConfigurationError,
  createValidator,
  type ReasonName,
} from "countersign";
import { testAttacks } from "../kit/attack-table.ts";
import { expectAcceptance, expectRefusal } from "../kit/expect-verdict.ts";
import { publicKeySpellings } from "../kit/public-key-spellings.ts";
import { encodePart, makeToken } from "../kit/raw-token.ts";
import { createClaims, createHeader, createScene, describeIssuer, issueToken } from "../kit/scene.ts";
import { type SigningKey, secretKey, sharedKey } from "../kit/signing-key.ts";

const NAMES = Object.keys(ALGORITHMS) as AlgorithmName[];
const ASYMMETRIC: readonly AlgorithmName[] = ["RS256", "PS256", "ES256", "Ed25519"];

function unsigned(alg: unknown, signature: string): string {
  return `${encodePart({ alg, typ: "at+jwt" })}.${encodePart(createClaims())}.${signature}`;
}

testAttacks(
  "J1 alg none, in every spelling, with and without a signature",
  ["none", "None", "NONE", "nOnE", "none ", " none", "n\u043ene", "none\u0000", ""].flatMap((alg) =>
    ["", "AAAA", "A".repeat(86)].map((signature) => ({
      name: `${JSON.stringify(alg)} with ${signature.length} characters of signature`,
      token: () => unsigned(alg, signature),
      reason: alg === "" ? ("malformed_token" as const) : ("algorithm_not_allowed" as const),
    })),
  ),
);

test("J1 alg none cannot be configured", () => {
  for (const alg of ["none", "None", "RSA1_5", "ES256K", "es256"]) {
    const options = { issuers: [describeIssuer({ algorithms: [alg as AlgorithmName] })] };
    assert.throws(() => createValidator(options), ConfigurationError, alg);
  }
});

testAttacks(
  "J2 an empty signature, for every algorithm with its own key",
  (["RS256", "PS256", "ES256", "ES384", "ES512", "Ed25519", "HS256", "HS384", "HS512"] as const).map(
    (name) => ({
      name,
      token: () =>
        `${issueToken({ key: sharedKey(name) })
          .split(".")
          .slice(0, 2)
          .join(".")}.`,
      reason: "signature_invalid",
      validator: () => createScene({ keys: [sharedKey(name)] }),
    }),
  ),
);

test("J2 a key that is empty, null or undefined is no key", () => {
  for (const key of ["", null, undefined, {}, [], Promise.resolve("")]) {
    const secrets = { secrets: [{ bytes: key as Uint8Array }] };
    assert.throws(
      () => createScene({ issuer: { keys: secrets }, algorithms: ["HS256"] }),
      ConfigurationError,
    );
    assert.throws(() => createScene({ jwks: [key] }), ConfigurationError);
  }
});

test("J3 HMAC with the public key, in every spelling of it, is refused without a MAC", async (context) => {
  const rsa = sharedKey("RS256");
  const validator = createScene({ keys: ASYMMETRIC.map((name) => sharedKey(name)) });
  for (const [name, text] of publicKeySpellings(rsa)) {
    for (const algorithm of ["HS256", "HS384", "HS512"] as const) {
      await context.test(`${algorithm} with ${name}`, async () => {
        const forger = secretKey(algorithm, { keyId: rsa.keyId, secret: Buffer.from(text) });
        await expectRefusal(validator, issueToken({ key: forger }), "algorithm_not_allowed");
      });
    }
  }
});

test("J4 a public key given as secret, behind whatever prefix, is a configuration error", async (context) => {
  const spellings = publicKeySpellings(sharedKey("RS256"));
  const prefixes = {
    none: "",
    space: "  ",
    tab: "\t",
    "line end": "\r\n\n",
    BOM: "\ufeff",
    comment: "# key\n",
  };
  for (const [name, text] of spellings) {
    for (const [prefixName, prefix] of Object.entries(prefixes)) {
      // Octets of DER have no text that could stand before them.
      if (typeof text !== "string" && prefix !== "") continue;
      await context.test(`${name} behind ${prefixName}`, () => {
        const bytes = typeof text === "string" ? Buffer.from(prefix + text) : text;
        for (const secret of [{ bytes }, { base64url: bytes.toString("base64url") }]) {
          const keys = { secrets: [secret] };
          assert.throws(() => createScene({ issuer: { keys }, algorithms: ["HS256"] }), ConfigurationError);
        }
      });
    }
  }
});

test("J4 secrets and public keys never share an issuer", () => {
  const secret = { bytes: sharedKey("HS256").secret };
  const jwks = { keys: [sharedKey("ES256").publicJwk] };
  const mixtures = [
    { algorithms: ["HS256", "ES256"], keys: { jwks } },
    { algorithms: ["HS256", "ES256"], keys: { secrets: [secret] } },
    { algorithms: ["HS256"], keys: { jwks } },
    { algorithms: ["ES256"], keys: { secrets: [secret] } },
    { algorithms: ["HS256"], keys: { secrets: [secret], jwks } as never },
    { algorithms: ["HS256"], keys: { jwks: { keys: [{ kty: "oct", k: "A".repeat(43) }] } } },
  ] as const;
  for (const mixture of mixtures) {
    assert.throws(() => createScene({ issuer: mixture }), ConfigurationError, JSON.stringify(mixture));
  }
});

/** What a key of no stated algorithm may verify: the configured algorithms that fit its type and curve. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  RS256: ["RS256", "PS256"],
  ES256: ["ES256"],
  Ed25519: ["Ed25519"],
};

function signAs(key: SigningKey, alg: AlgorithmName): string {
  const fits = ALGORITHMS[alg].keyType === ALGORITHMS[key.algorithm].keyType;
  // Where the key cannot sign so, a signature of the algorithm's own length takes its place.
  const stand = { ...key, sign: () => new Uint8Array(ALGORITHMS[alg].signatureBytes ?? 256).fill(7) };
  const signer = fits ? key : stand;
  return makeToken({
    header: createHeader(key, { alg }),
    payload: createClaims(),
    key: signer,
    signWith: alg,
  });
}

test("J5 a JWK without alg verifies what the configuration and its type allow, whatever the header says", async (context) => {
  const keys = Object.keys(FITTING).map((name) => sharedKey(name as AlgorithmName));
  const jwks = keys.map(({ publicJwk: { alg, ...others } }) => others);
  const validator = createScene({ jwks, algorithms: ASYMMETRIC });
  for (const key of keys) {
    for (const alg of NAMES) {
      await context.test(`${alg} with the ${key.algorithm} key`, async () => {
        const fitting = FITTING[key.algorithm]?.includes(alg) === true;
        if (fitting) await expectAcceptance(validator, signAs(key, alg));
        else await expectRefusal(validator, signAs(key, alg), refusalOf(alg));
      });
    }
  }
});

function refusalOf(alg: AlgorithmName): ReasonName {
  return ASYMMETRIC.includes(alg) ? "key_unsuitable" : "algorithm_not_allowed";
}

test("J6 a secret shorter than the hash is a configuration error, and its tokens are refused", async () => {
  const bounds = { HS256: 32, HS384: 48, HS512: 64 } as const;
  for (const [name, least] of Object.entries(bounds) as ["HS256" | "HS384" | "HS512", number][]) {
    for (const length of [0, 1, least - 1]) {
      const secrets = [{ bytes: new Uint8Array(length).fill(1) }];
      assert.throws(
        () => createScene({ issuer: { keys: { secrets } }, algorithms: [name] }),
        ConfigurationError,
      );
    }
    const secret = new Uint8Array(least).fill(1);
    const key = secretKey(name, { keyId: "s", secret });
    const validator = createScene({ keys: [key] });
    await expectAcceptance(validator, issueToken({ key }));
    const empty = secretKey(name, { keyId: "s", secret: new Uint8Array() });
    await expectRefusal(validator, issueToken({ key: empty }), "signature_invalid");
  }
});
