import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DpopNonces } from "../../src/binding/dpop-nonces.ts";
import { Refusal } from "../../src/refusal.ts";
import { nameOutcome, setScene, TOKEN, URL_OF_REQUEST } from "./scene.ts";

const SECRET = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const STEP_MS = 60_000;
/** The beginning of a step. */
const START = 1_700_000_040_000;

describe("nonces", () => {
  // V-DP-12: stateless, unpredictable, current and previous
  const make = (...secrets: readonly Uint8Array[]): DpopNonces =>
    new DpopNonces({ secrets, stepSeconds: STEP_MS / 1000 });

  test("have the grammar of DPoP-Nonce and stay the same for one step, at every instance of one secret", async () => {
    const nonce = await make(SECRET).current(START);
    assert.match(nonce, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(await make(SECRET).current(START + STEP_MS - 1), nonce);
    assert.notEqual(await make(SECRET).current(START + STEP_MS), nonce);
    assert.notEqual(await make(OTHER).current(START), nonce);
  });

  test("are accepted in their step and in the one after it, and never again", async () => {
    const nonce = await make(SECRET).current(START);
    const expiry = START + 2 * STEP_MS;
    for (const nowMs of [START, START + STEP_MS - 1, START + STEP_MS, expiry - 1]) {
      assert.equal(await make(SECRET).findExpiry(nonce, nowMs), expiry);
    }
    for (const nowMs of [expiry, expiry + STEP_MS, START - 5001, START - STEP_MS]) {
      assert.equal(await make(SECRET).findExpiry(nonce, nowMs), undefined);
    }
  });

  test("of an instance whose clock is a few seconds ahead are accepted", async () => {
    const nonce = await make(SECRET).current(START);
    assert.equal(await make(SECRET).findExpiry(nonce, START - 5000), START + 2 * STEP_MS);
  });

  test("of an old secret are accepted while it is listed, and are no longer made", async () => {
    const nonce = await make(OTHER).current(START);
    assert.notEqual(await make(SECRET, OTHER).current(START), nonce);
    assert.equal(await make(SECRET, OTHER).findExpiry(nonce, START), START + 2 * STEP_MS);
    assert.equal(await make(SECRET).findExpiry(nonce, START), undefined);
  });

  test("are nothing that somebody else wrote", async () => {
    const nonces = make(SECRET);
    const nonce = await nonces.current(START);
    const last = nonce.endsWith("A") ? "B" : "A";
    for (const text of [
      "",
      "x",
      nonce.slice(1),
      `${nonce}=`,
      `${nonce.slice(0, -1)}${last}`,
      nonce.toLowerCase(),
    ]) {
      assert.equal(await nonces.findExpiry(text, START), undefined, text);
    }
  });

  test("stay right over many steps, one instance for all", async () => {
    const nonces = make(SECRET, OTHER);
    let previous = await nonces.current(START);
    for (let step = 1; step < 20; step++) {
      const nowMs = START + step * STEP_MS;
      const current = await nonces.current(nowMs);
      assert.equal(await nonces.findExpiry(current, nowMs), nowMs + 2 * STEP_MS);
      assert.equal(await nonces.findExpiry(previous, nowMs), nowMs + STEP_MS);
      previous = current;
    }
  });
});

describe("a server that asks for nonces", () => {
  // V-DP-11, V-DP-13
  const nonce = { secrets: [SECRET], stepSeconds: 60 };
  const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };

  test("refuses a proof without one and gives one, with which the next proof passes", async () => {
    const { client, binding, present } = await setScene({ dpop: { nonce } });
    const token = { text: TOKEN, claims: { cnf: { jkt: client.jkt } } };
    const presentation = { scheme: "DPoP", method: "GET", url: URL_OF_REQUEST } as const;
    const refusal = await binding.prove(token, { ...presentation, proofs: [await client.prove(request)] });
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.reason, "dpop_nonce_required");
    assert.equal(refusal.found, "no nonce");
    assert.equal(refusal.dpopNonce, await binding.currentNonce());
    const { dpopNonce: given = "" } = refusal;
    assert.equal(await present({ proofs: [await client.prove({ ...request, nonce: given })] }), "ok");
    const other = await client.prove({ ...request, nonce: `${given}x` });
    assert.equal(await present({ proofs: [other] }), "dpop_nonce_required");
  });

  test("takes the nonce's time for the client's, which may be anything (RFC 9449 section 11.1)", async () => {
    const { client, binding, present, clock } = await setScene({ dpop: { nonce } });
    const given = (await binding.currentNonce()) ?? "";
    const proof = await client.prove({ ...request, nonce: given }, { claims: { iat: 1 } });
    assert.equal(await present({ proofs: [proof] }), "ok");
    clock.advance({ seconds: 120 });
    assert.equal(await present({ proofs: [proof] }), "dpop_nonce_required");
  });

  test("tells no nonce to those whose proof is none otherwise", async () => {
    const { client, binding } = await setScene({ dpop: { nonce } });
    const proof = await client.prove(request, { claims: { htm: "PUT" } });
    const refusal = await binding.prove(
      { text: TOKEN, claims: { cnf: { jkt: client.jkt } } },
      { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST },
    );
    assert.equal(nameOutcome(refusal), "dpop_proof_invalid");
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.dpopNonce, undefined);
  });

  test("records the use of a proof until its nonce has expired", async () => {
    const { client, binding } = await setScene({ dpop: { nonce } });
    const proof = await client.prove({ ...request, nonce: (await binding.currentNonce()) ?? "" });
    const use = await binding.prove(
      { text: TOKEN, claims: { cnf: { jkt: client.jkt } } },
      { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST },
    );
    assert.ok(use !== undefined && !(use instanceof Refusal));
    assert.equal(use.expiresAtMs, Math.floor(1_700_000_000_000 / STEP_MS + 2) * STEP_MS);
  });

  test("is not what a server is that asks for none: there a nonce changes nothing", async () => {
    const { client, binding, present } = await setScene();
    assert.equal(binding.currentNonce(), undefined);
    assert.equal(await present({ proofs: [await client.prove({ ...request, nonce: "any" })] }), "ok");
  });
});
