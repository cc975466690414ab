import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AlgorithmName } from "../../src/algorithms.ts";
import { ProofCheck } from "../../src/binding/check-proof.ts";
import { createBindingCheck } from "../../src/binding/create-binding-check.ts";
import { platform } from "../../src/platform/node.ts";
import { Refusal } from "../../src/refusal.ts";
import { TEST_PROOF_NAMES, TEST_PROOFS } from "../../src/testing/dpop-proofs.ts";
import { createTestKey } from "../../src/testing/test-key.ts";
import { allow, DPOP, RULES, setScene, TOKEN, URL_OF_REQUEST } from "./scene.ts";

/** RFC 9449 figures 2 and 13; the access token is that of section 7.1. */
const RFC = {
  jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
  token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
  url: "https://resource.example.org/protectedresource",
  method: "GET",
  nowMs: 1_562_262_618_000,
  proof: [
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19",
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9",
    "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
  ].join("."),
} as const;

const TOKEN_ENDPOINT_PROOF =
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

describe("the examples of RFC 9449", () => {
  test("the proof of figure 13 is one for its request, token, key and time", async () => {
    const outcome = await new ProofCheck(DPOP).run(RFC);
    assert.ok(!(outcome instanceof Refusal));
    assert.match(outcome.key, /^dpop:[A-Za-z0-9_-]{43}$/);
    assert.equal(outcome.expiresAtMs, RFC.nowMs + 70_000);
  });

  test("it is one for nothing else", async () => {
    const changes: readonly (readonly [Partial<Parameters<ProofCheck["run"]>[0]>, string])[] = [
      [{ token: `${RFC.token}x` }, "dpop_proof_invalid"],
      [{ method: "get" }, "dpop_proof_invalid"],
      [{ url: `${RFC.url}/` }, "dpop_proof_invalid"],
      [{ jkt: `1${RFC.jkt.slice(1)}` }, "binding_mismatch"],
      [{ nowMs: RFC.nowMs + 60_001 }, "dpop_proof_invalid"],
      [{ nowMs: RFC.nowMs - 10_001 }, "dpop_proof_invalid"],
      [{ method: undefined }, "dpop_proof_invalid"],
      [{ url: undefined }, "dpop_proof_invalid"],
    ];
    for (const [change, expected] of changes) {
      const outcome = await new ProofCheck(DPOP).run({ ...RFC, ...change });
      assert.ok(outcome instanceof Refusal, JSON.stringify(change));
      assert.equal(outcome.reason, expected, JSON.stringify(change));
    }
  });

  test("the proof of figure 2 is for a token endpoint and has no ath", async () => {
    const request = { method: "POST", url: "https://server.example.com/token", nowMs: 1_562_262_616_000 };
    const outcome = await new ProofCheck(DPOP).run({ ...RFC, ...request, proof: TOKEN_ENDPOINT_PROOF });
    assert.ok(outcome instanceof Refusal);
    assert.deepEqual([outcome.expected, outcome.found], ["ath to be text", "nothing"]);
  });
});

describe("proofs of every kind", () => {
  // V-DP-01 to V-DP-08 of RFC 9449 section 4.3
  for (const name of TEST_PROOF_NAMES) {
    const { description, expected, make } = TEST_PROOFS[name];
    test(`${expected}: ${description}`, async () => {
      const { client, present, prove } = await setScene();
      const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };
      const proof = await make({ client, request });
      assert.equal(await present({ proofs: [proof] }), expected);
      // Also where the client's key is known already.
      assert.equal(await present({ proofs: [await prove()] }), "ok");
      assert.equal(await present({ proofs: [proof] }), expected);
    });
  }

  test("no text of a refusal shows what a proof says", async () => {
    const { client, binding } = await setScene();
    const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };
    const markers = { jti: "marker-1", htm: "marker-2", htu: "marker-3", ath: "marker-4", nonce: "marker-5" };
    for (const changes of [
      { claims: markers },
      { claims: { ...markers, htm: "GET" } },
      { claims: { ath: "marker-4" } },
      { header: { alg: "marker-6" } },
      { header: { typ: "marker-7" } },
      { header: { jwk: { ...client.publicJwk, crv: "marker-8" } } },
      { header: { jwk: { ...client.publicJwk, use: "marker-9" } } },
    ]) {
      const proof = await client.prove(request, changes);
      const outcome = await binding.prove(
        { text: TOKEN, claims: { cnf: { jkt: client.jkt } } },
        { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST },
      );
      assert.ok(outcome instanceof Refusal);
      assert.doesNotMatch(`${outcome.expected} ${outcome.found}`, /marker/);
    }
  });
});

describe("the key of a proof", () => {
  const names: readonly AlgorithmName[] = [
    "RS256",
    "PS256",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "Ed448",
    "ML-DSA-44",
    "ML-DSA-87",
  ];
  for (const algorithm of names) {
    // V-DP-18
    const skip = platform.supports(allow(algorithm)[0] ?? assert.fail()) ? false : "not in this runtime";
    test(`of ${algorithm} is taken where it is allowed, and only there`, { skip }, async () => {
      const open = await setScene({ algorithm, dpop: { algorithms: allow(algorithm) } });
      assert.equal(await open.present({ proofs: [await open.prove()] }), "ok");
      assert.equal(await open.present({ proofs: [await open.prove()] }), "ok");
      const closed = await setScene({ algorithm, dpop: { algorithms: allow("RS384") } });
      assert.equal(await closed.present({ proofs: [await closed.prove()] }), "dpop_proof_invalid");
    });
  }

  test("takes the older name EdDSA for Ed25519 where it is allowed", async () => {
    const { client, present } = await setScene({ algorithm: "EdDSA" });
    const proof = await client.prove({ token: TOKEN, method: "GET", url: URL_OF_REQUEST });
    assert.equal(await present({ proofs: [proof] }), "ok");
  });

  test("is refused where it is weak, also where the token is bound to it (V-DP-02)", async () => {
    const { present, prove } = await setScene({ algorithm: "PS256", modulusBits: 1024 });
    assert.equal(await present({ proofs: [await prove()] }), "dpop_proof_invalid");
  });

  test("is refused where it is for another use, or is no point of its curve", async () => {
    const { client, binding } = await setScene();
    for (const change of [
      { use: "enc" },
      { key_ops: ["encrypt"] },
      { alg: "ES384" },
      { y: client.publicJwk["x"] },
    ]) {
      const jwk = { ...client.publicJwk, ...change };
      const proof = await client.prove(
        { token: TOKEN, method: "GET", url: URL_OF_REQUEST },
        { header: { jwk } },
      );
      const cnf = { jkt: await thumbprintOf(jwk) };
      const outcome = await binding.prove(
        { text: TOKEN, claims: { cnf } },
        { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST },
      );
      assert.ok(outcome instanceof Refusal, JSON.stringify(change));
      assert.equal(outcome.reason, "dpop_proof_invalid");
    }
  });

  test("may carry a kid, a use and a certificate, which change nothing", async () => {
    const { client, present } = await setScene();
    const jwk = { ...client.publicJwk, kid: "k", use: "sig", alg: "ES256", x5c: ["AAAA"] };
    const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };
    assert.equal(await present({ proofs: [await client.prove(request, { header: { jwk } })] }), "ok");
  });

  test("a header with members in another order is another text for the same key", async () => {
    const { client, present, prove } = await setScene();
    assert.equal(await present({ proofs: [await prove()] }), "ok");
    const jwk = Object.fromEntries(Object.entries(client.publicJwk).reverse());
    const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };
    assert.equal(await present({ proofs: [await client.prove(request, { header: { jwk } })] }), "ok");
    const other = await createTestKey("ES256");
    const forged = await client.prove(request, { header: { jwk }, key: other });
    assert.equal(await present({ proofs: [forged] }), "dpop_proof_invalid");
  });

  test("a key that is remembered proves nothing for a token that is bound to another", async () => {
    const { present, prove } = await setScene();
    assert.equal(await present({ proofs: [await prove()] }), "ok");
    const cnf = { jkt: "A".repeat(43) };
    assert.equal(await present({ proofs: [await prove()] }, { cnf }), "binding_mismatch");
  });
});

describe("the time of a proof", () => {
  // V-DP-06
  test("is accepted from the tolerance before it to the largest age after it, bounds included", async () => {
    const { clock, present, prove } = await setScene();
    const proof = await prove();
    for (const [seconds, expected] of [
      [-10.001, "dpop_proof_invalid"],
      [-10, "ok"],
      [0, "ok"],
      [60, "ok"],
      [60.001, "dpop_proof_invalid"],
    ] as const) {
      clock.set(1_700_000_000_000 + seconds * 1000);
      assert.equal(await present({ proofs: [proof] }), expected, String(seconds));
    }
  });

  test("follows the configured bounds", async () => {
    const { clock, present, prove } = await setScene({
      dpop: { maxAgeSeconds: 5, clockToleranceSeconds: 0 },
    });
    const proof = await prove();
    clock.advance({ seconds: 5 });
    assert.equal(await present({ proofs: [proof] }), "ok");
    clock.advance({ ms: 1 });
    assert.equal(await present({ proofs: [proof] }), "dpop_proof_invalid");
    clock.set(1_699_999_999_999);
    assert.equal(await present({ proofs: [proof] }), "dpop_proof_invalid");
  });

  test("cannot be told by a clock that gives none", async () => {
    const { client, prove } = await setScene();
    const binding = createBindingCheck({ rules: RULES, clock: () => Number.NaN });
    const proof = await prove();
    const request = { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST } as const;
    assert.throws(() => binding.prove({ text: TOKEN, claims: { cnf: { jkt: client.jkt } } }, request));
  });
});

async function thumbprintOf(jwk: Readonly<Record<string, unknown>>): Promise<string> {
  const { crv, kty, x, y } = jwk;
  return platform.sha256(JSON.stringify({ crv, kty, x, y }));
}
