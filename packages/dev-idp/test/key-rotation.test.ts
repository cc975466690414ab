import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { type DevIdp, startDevIdp } from "../src/index.ts";
import { KeyRing, MAX_KEYS } from "../src/key-ring.ts";

async function fetchKeys(idp: DevIdp): Promise<JSONWebKeySet> {
  return (await fetch(idp.jwksUri)).json() as Promise<JSONWebKeySet>;
}

function listKids({ keys }: JSONWebKeySet): (string | undefined)[] {
  return keys.filter(({ alg }) => alg === "ES256").map(({ kid }) => kid);
}

describe("key rotation", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({ log: () => {} });
  });
  after(() => idp.close());

  it("publishes the next key before it signs, keeps the old one after, and then removes it", async () => {
    const [first] = listKids(await fetchKeys(idp));
    const oldToken = await idp.mint();

    const next = await idp.publishKey();
    assert.equal(next.state, "published");
    assert.deepEqual(listKids(await fetchKeys(idp)), [first, next.kid]);
    assert.equal(decodeProtectedHeader(await idp.mint()).kid, first);

    assert.equal(idp.activateKey().kid, next.kid);
    assert.equal(decodeProtectedHeader(await idp.mint()).kid, next.kid);
    const both = await fetchKeys(idp);
    assert.deepEqual(listKids(both).sort(), [first, next.kid].sort());
    await jwtVerify(oldToken, createLocalJWKSet(both));

    assert.deepEqual(
      idp.removeOldKeys().map(({ kid }) => kid),
      [first],
    );
    const after = await fetchKeys(idp);
    assert.deepEqual(listKids(after), [next.kid]);
    await assert.rejects(jwtVerify(oldToken, createLocalJWKSet(after)), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  });

  it("gives tokens without a failure while keys change under requests", async () => {
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const headers = { authorization: `Basic ${btoa(`${idp.clientId}:${idp.clientSecret}`)}` };
    const tokens: string[] = [];
    let rotations = 0;
    const askUntilRotated = async (): Promise<void> => {
      while (rotations < 3) {
        const response = await fetch(idp.tokenEndpoint, { method: "POST", headers, body });
        tokens.push(((await response.json()) as { access_token: string }).access_token);
      }
    };
    const rotateThrice = async (): Promise<void> => {
      for (; rotations < 3; rotations += 1) await idp.rotate({ publishAheadMs: 5 });
    };
    await Promise.all([rotateThrice(), ...Array.from({ length: 8 }, askUntilRotated)]);
    assert.ok(tokens.length >= 8);
    const keys = createLocalJWKSet(await fetchKeys(idp));
    for (const token of tokens) await jwtVerify(token, keys, { issuer: idp.issuer });
    assert.equal(idp.removeOldKeys().length, 3);
  });

  it("does all steps in one call, and says which key signed before", async () => {
    const [before] = listKids(await fetchKeys(idp));
    const { kid, previousKid } = await idp.rotate({ publishAheadMs: 5 });
    assert.equal(previousKid, before);
    assert.deepEqual(
      idp
        .keys()
        .filter(({ algorithm }) => algorithm === "ES256")
        .map((key) => [key.kid, key.state]),
      [
        [before, "retired"],
        [kid, "signing"],
      ],
    );
    await assert.rejects(idp.rotate({ publishAheadMs: Number.NaN }), TypeError);
  });

  it("refuses to activate what is not published, and to publish twice", async () => {
    assert.throws(() => idp.activateKey(), /No key is published/);
    const publishing = idp.publishKey();
    await assert.rejects(idp.publishKey(), /still waiting/);
    await publishing;
    await assert.rejects(idp.publishKey(), /still waiting/);
    idp.activateKey();
  });

  it("ends a rotation that waits when the provider is closed", async () => {
    const closing = await startDevIdp({ log: () => {} });
    const rotation = closing.rotate({ publishAheadMs: 60_000 });
    const refused = assert.rejects(rotation, { name: "AbortError" });
    await closing.close();
    await refused;
  });

  it("holds a bounded number of keys", async () => {
    const ring = await KeyRing.create("ES256");
    while (ring.summaries().length < MAX_KEYS) {
      await ring.publish();
      ring.activate();
    }
    await assert.rejects(ring.publish(), /remove the old ones/);
    ring.removeRetired();
    await ring.publish();
  });
});
