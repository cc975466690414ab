import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClientCertificate } from "../../src/testing/client-certificate.ts";
import { nameOutcome, setScene, TOKEN } from "./scene.ts";

describe("a token without cnf", () => {
  // V-DP-09
  test("passes under Bearer, with or without a proof beside it", async () => {
    const { present, prove } = await setScene();
    assert.equal(await present({ scheme: "Bearer" }, {}), "ok");
    assert.equal(await present({ scheme: "Bearer", proofs: [await prove()] }, {}), "ok");
  });

  test("passes where nothing is said of the request", async () => {
    const { binding } = await setScene();
    assert.equal(nameOutcome(await binding.prove({ text: TOKEN, claims: {} })), "ok");
  });

  test("is refused under DPoP, also with a good proof", async () => {
    const { present, prove } = await setScene();
    assert.equal(await present({ proofs: [await prove()] }, {}), "binding_missing");
    assert.equal(await present({}, {}), "binding_missing");
  });

  test("is refused where a binding is demanded of every token", async () => {
    const { present, prove, binding } = await setScene({ rules: { acceptsUnbound: false } });
    assert.equal(await present({ scheme: "Bearer" }, {}), "binding_missing");
    assert.equal(nameOutcome(await binding.prove({ text: TOKEN, claims: {} })), "binding_missing");
    assert.equal(await present({ proofs: [await prove()] }), "ok");
  });
});

describe("a token that is bound to a DPoP key", () => {
  test("is refused without a presentation", async () => {
    const { binding, client } = await setScene();
    const outcome = await binding.prove({ text: TOKEN, claims: { cnf: { jkt: client.jkt } } });
    assert.equal(nameOutcome(outcome), "binding_missing");
  });

  test("is refused under Bearer, also with a good proof (RFC 9449 section 7.2)", async () => {
    const { present, prove } = await setScene();
    assert.equal(await present({ scheme: "Bearer" }), "binding_missing");
    assert.equal(await present({ scheme: "Bearer", proofs: [await prove()] }), "binding_missing");
  });

  test("is refused under DPoP without a proof, and with several, good as they are (V-DP-01)", async () => {
    const { present, prove } = await setScene();
    assert.equal(await present({}), "binding_missing");
    assert.equal(await present({ proofs: [] }), "binding_missing");
    const proof = await prove();
    assert.equal(await present({ proofs: [proof, proof] }), "dpop_proof_invalid");
    assert.equal(await present({ proofs: [proof, await prove()] }), "dpop_proof_invalid");
    assert.equal(await present({ proofs: [proof] }), "ok");
  });

  test("is refused where proofs are not checked", async () => {
    const { present, prove } = await setScene({ rules: { dpop: undefined } });
    assert.equal(await present({ proofs: [await prove()] }), "binding_missing");
  });

  test("is refused by a certificate alone", async () => {
    const { present } = await setScene();
    const { der } = await createClientCertificate();
    assert.equal(await present({ certificate: der }), "binding_missing");
  });
});

describe("a token that is bound to a certificate", () => {
  // V-MT-01, V-MT-02, V-MT-05; RFC 8705 section 3
  test("passes with that certificate, given whole or as its hash, and with no other", async () => {
    const { present } = await setScene();
    const [ours, other] = [await createClientCertificate(), await createClientCertificate()];
    const claims = { cnf: { "x5t#S256": ours.sha256 } };
    const bearer = { scheme: "Bearer" } as const;
    assert.equal(await present({ ...bearer, certificate: ours.der }, claims), "ok");
    assert.equal(await present({ ...bearer, certificateSha256: ours.sha256 }, claims), "ok");
    assert.equal(await present({ ...bearer, certificate: other.der }, claims), "binding_mismatch");
    assert.equal(await present({ ...bearer, certificateSha256: other.sha256 }, claims), "binding_mismatch");
    const both = { certificate: other.der, certificateSha256: ours.sha256 };
    assert.equal(await present({ ...bearer, ...both }, claims), "binding_mismatch");
    assert.equal(await present({ ...bearer, certificate: new Uint8Array() }, claims), "binding_mismatch");
    assert.equal(await present(bearer, claims), "binding_missing");
  });

  test("is refused under DPoP, where it is not bound to a key for proofs", async () => {
    const { present, prove } = await setScene();
    const { der, sha256 } = await createClientCertificate();
    const claims = { cnf: { "x5t#S256": sha256 } };
    assert.equal(await present({ certificate: der, proofs: [await prove()] }, claims), "binding_missing");
  });

  test("is refused where certificates are not compared", async () => {
    const { present } = await setScene({ rules: { mtls: false } });
    const { der, sha256 } = await createClientCertificate();
    const claims = { cnf: { "x5t#S256": sha256 } };
    assert.equal(await present({ scheme: "Bearer", certificate: der }, claims), "binding_missing");
  });

  test("and to a DPoP key needs both", async () => {
    const { present, prove, client } = await setScene();
    const [ours, other] = [await createClientCertificate(), await createClientCertificate()];
    const claims = { cnf: { jkt: client.jkt, "x5t#S256": ours.sha256 } };
    const proofs = [await prove()];
    assert.equal(await present({ proofs, certificate: ours.der }, claims), "ok");
    assert.equal(await present({ proofs, certificate: other.der }, claims), "binding_mismatch");
    assert.equal(await present({ proofs }, claims), "binding_missing");
    assert.equal(await present({ certificate: ours.der }, claims), "binding_missing");
    assert.equal(await present({ scheme: "Bearer", certificate: ours.der }, claims), "binding_missing");
  });
});

describe("a cnf that nobody here can check", () => {
  // V-C-17; RFC 7800 section 3
  test("is refused, alone or beside what can be checked", async () => {
    const { present, prove, client } = await setScene();
    const proofs = [await prove()];
    for (const cnf of [
      {},
      { kid: "k" },
      { jwk: client.publicJwk },
      { "x5t#s256": "A".repeat(43) },
      { jkt: client.jkt, kid: "k" },
      { jkt: client.jkt, jwk: client.publicJwk },
      null,
      "text",
      [client.jkt],
    ]) {
      assert.equal(await present({ proofs }, { cnf }), "binding_missing", JSON.stringify(cnf));
    }
  });

  test("is refused as misshapen where a thumbprint is none", async () => {
    const { present, prove, client } = await setScene();
    const proofs = [await prove()];
    for (const jkt of [
      1,
      null,
      "",
      [client.jkt],
      `${client.jkt}=`,
      client.jkt.slice(1),
      `${client.jkt.slice(0, -1)}+`,
    ]) {
      assert.equal(await present({ proofs }, { cnf: { jkt } }), "claim_invalid", JSON.stringify(jkt));
      const cnf = { jkt: client.jkt, "x5t#S256": jkt };
      assert.equal(await present({ proofs }, { cnf }), "claim_invalid", JSON.stringify(jkt));
    }
  });
});
