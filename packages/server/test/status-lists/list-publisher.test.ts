import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import type { RevocableToken } from "countersign";
import { createTestClock } from "countersign/testing";
import { importJWK, jwtVerify } from "jose";

import { readSigningKey } from "../../src/config/signing-key.ts";
import { FeedLostError, ListPublisher } from "../../src/status-lists/list-publisher.ts";
import { createKeySigner } from "../../src/status-lists/list-signer.ts";
import { MemoryStatusIndexStore } from "../../src/stores/memory-status-index-store.ts";
import type { IndexedToken } from "../../src/stores/status-index-store.ts";
import { readPublished } from "../kit/read-published-list.ts";

const ISSUER = "https://id.test";
const NOW_SECONDS = 1_700_000_000;
/** As the store numbers lists. */
const FIRST = NOW_SECONDS;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PEM = String(privateKey.export({ type: "pkcs8", format: "pem" }));

function open(changes: { readonly capacity?: number } = {}) {
  const clock = createTestClock(NOW_SECONDS * 1000);
  const state = { isFresh: true, hasStarted: true, position: 1 };
  const revoked = new Map<string, "revoked" | "suspended">();
  const asked: RevocableToken[] = [];
  const results: string[] = [];
  let signatures = 0;
  const store = new MemoryStatusIndexStore({ clock });
  const key = readSigningKey(PEM);
  if ("problem" in key) throw new Error(key.problem);
  const signer = createKeySigner(key, "k1");
  const publisher = new ListPublisher({
    configuration: {
      issuer: "main",
      uri: "https://status.test/lists",
      privateKey: PEM,
      keyId: "k1",
      ttlSeconds: 60,
      lifetimeSeconds: 300,
      capacity: changes.capacity ?? 64,
    },
    issuer: () => ISSUER,
    store,
    signer: {
      ...signer,
      sign(bytes) {
        signatures += 1;
        return signer.sign(bytes);
      },
    },
    revocations: {
      list: {
        find(token) {
          asked.push(token);
          return revoked.get(String(token.claims["jti"]));
        },
        isFresh: () => state.isFresh,
      },
      get hasStarted() {
        return state.hasStarted;
      },
      get position() {
        return state.position;
      },
    },
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    metrics: { recordPublishing: ({ result }) => void results.push(result) },
  });
  const allocate = async (...tokens: readonly IndexedToken[]): Promise<readonly number[]> => {
    const capacity = changes.capacity ?? 64;
    const places = await store.allocate({ issuer: ISSUER, capacity, tokens });
    publisher.noteAllocation();
    return places.map(({ index }) => index);
  };
  return { publisher, allocate, clock, state, revoked, asked, results, store, count: () => signatures };
}

const token = (jti: string, changes: Partial<IndexedToken> = {}): IndexedToken => {
  return { jti, expiresAtMs: (NOW_SECONDS + 3600) * 1000, ...changes };
};
/** Past the shortest time between two lists. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 600));

describe("a publisher of status lists", () => {
  it("says of each token what the revocations say of it, and of every other place that it is valid", async () => {
    const { publisher, allocate, revoked, asked } = open();
    const indices = await allocate(
      token("good", { sub: "alice", sid: "s", client_id: "c", iat: 5, kid: "k9" }),
      token("bad"),
      token("held"),
    );
    revoked.set("bad", "revoked").set("held", "suspended");
    const { claims, statuses } = await readPublished((await publisher.read(FIRST))?.text);
    assert.deepEqual(
      indices.map((index) => statuses[index]),
      [0, 1, 2],
    );
    assert.equal(statuses.length, 64);
    assert.equal(statuses.filter((status) => status !== 0).length, 2);
    const { status_list: _, ...others } = claims;
    assert.deepEqual(others, {
      sub: `https://status.test/lists/${FIRST}`,
      iss: ISSUER,
      iat: NOW_SECONDS,
      exp: NOW_SECONDS + 300,
      ttl: 60,
    });
    assert.deepEqual(
      asked.find(({ claims: { jti } }) => jti === "good"),
      { claims: { iss: ISSUER, jti: "good", sub: "alice", sid: "s", client_id: "c", iat: 5 }, keyId: "k9" },
    );
  });

  it("signs them so that others can tell", async () => {
    const { publisher, allocate } = open();
    await allocate(token("a"));
    const { text = "" } = (await publisher.read(FIRST)) ?? {};
    const jwk = publicKey.export({ format: "jwk" });
    const { protectedHeader } = await jwtVerify(text, await importJWK({ ...jwk, alg: "ES256" }), {
      typ: "statuslist+jwt",
      currentDate: new Date(NOW_SECONDS * 1000),
    });
    assert.deepEqual(protectedHeader, { typ: "statuslist+jwt", alg: "ES256", kid: "k1" });
  });

  it("makes a list again when something was revoked, and not for everybody who asks", async () => {
    const { publisher, allocate, revoked, state, count } = open();
    const [index = 0] = await allocate(token("a"));
    const all = await Promise.all(Array.from({ length: 20 }, () => publisher.read(FIRST)));
    assert.equal(new Set(all.map((each) => each?.etag)).size, 1);
    assert.equal(count(), 1);
    revoked.set("a", "revoked");
    state.position += 1;
    // Not more often than twice a second.
    await publisher.read(FIRST);
    assert.equal(count(), 1);
    await settle();
    assert.equal((await readPublished((await publisher.read(FIRST))?.text)).statuses[index], 1);
    assert.equal(count(), 2);
  });

  it("makes a list again when half of its time is over, and when tokens came", async () => {
    const { publisher, allocate, clock, count } = open();
    await allocate(token("a"));
    await publisher.read(FIRST);
    await settle();
    clock.advance({ seconds: 29 });
    assert.equal((await publisher.read(FIRST))?.maxAgeSeconds, 31);
    assert.equal(count(), 1);
    clock.advance({ seconds: 1 });
    assert.equal((await publisher.read(FIRST))?.maxAgeSeconds, 60);
    assert.equal(count(), 2);
    await settle();
    await allocate(token("b"));
    await publisher.read(FIRST);
    assert.equal(count(), 3);
  });

  it("gives no list whose time is over, or is still to come, however recently it was made", async () => {
    const { publisher, allocate, clock, count } = open();
    await allocate(token("a"));
    await publisher.read(FIRST);
    clock.advance({ seconds: 60 });
    assert.equal((await publisher.read(FIRST))?.maxAgeSeconds, 60);
    assert.equal(count(), 2);
    clock.advance({ seconds: -10 });
    await publisher.read(FIRST);
    assert.equal(count(), 3);
  });

  it("gives no list while the feed is lost, not even one that there was", async () => {
    const { publisher, allocate, state, results } = open();
    await allocate(token("a"));
    state.hasStarted = false;
    await assert.rejects(publisher.read(FIRST), FeedLostError);
    state.hasStarted = true;
    assert.ok(await publisher.read(FIRST));
    state.isFresh = false;
    await assert.rejects(publisher.read(FIRST), FeedLostError);
    state.isFresh = true;
    assert.ok(await publisher.read(FIRST));
    assert.deepEqual(results, ["stale", "built", "stale"]);
  });

  it("gives no list where the feed is lost while it is made", async () => {
    const { publisher, allocate, state, revoked } = open();
    await allocate(token("a"));
    const find = revoked.get.bind(revoked);
    revoked.get = (jti) => {
      state.isFresh = false;
      return find(jti);
    };
    await assert.rejects(publisher.read(FIRST), FeedLostError);
  });

  it("knows no list that was not begun, or of which all tokens expired", async () => {
    const { publisher, allocate, clock } = open();
    assert.equal(await publisher.read(FIRST), undefined);
    await allocate(token("a"));
    assert.ok(await publisher.read(FIRST));
    assert.equal(await publisher.read(FIRST + 1), undefined);
    clock.advance({ seconds: 5 * 3600 });
    assert.deepEqual(await publisher.listNumbers(), []);
  });

  it("holds what a list had that was larger when it was begun", async () => {
    const larger = open({ capacity: 4096 });
    const tokens = Array.from({ length: 400 }, (_, index) => token(`j${index}`));
    const indices = await larger.allocate(...tokens);
    for (const { jti } of tokens) larger.revoked.set(jti, "revoked");
    const smaller = new ListPublisher({
      configuration: { ...larger.publisher.configuration, capacity: 8 },
      issuer: () => ISSUER,
      store: larger.store,
      signer: { algorithm: "ES256", keyId: "k1", sign: async () => new Uint8Array(64) },
      revocations: {
        list: { find: ({ claims }) => larger.revoked.get(String(claims["jti"])), isFresh: () => true },
        hasStarted: true,
        position: 1,
      },
      clock: larger.clock,
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
      metrics: { recordPublishing: () => undefined },
    });
    const { statuses } = await readPublished((await smaller.read(FIRST))?.text);
    assert.ok(indices.every((index) => statuses[index] === 1));
  });

  it("signs with every kind of key", async () => {
    for (const [algorithm, pair] of [
      ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
      ["PS384", generateKeyPairSync("rsa", { modulusLength: 2048 })],
      ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
      ["ES512", generateKeyPairSync("ec", { namedCurve: "P-521" })],
      ["Ed25519", generateKeyPairSync("ed25519")],
    ] as const) {
      const key = readSigningKey(String(pair.privateKey.export({ type: "pkcs8", format: "pem" })), algorithm);
      if ("problem" in key) throw new Error(key.problem);
      const signer = createKeySigner(key, "k");
      const { signStatusList } = await import("../../src/status-lists/list-signer.ts");
      const text = await signStatusList({ sub: "x" }, signer);
      await jwtVerify(text, pair.publicKey, { algorithms: [algorithm] });
    }
    assert.match(
      JSON.stringify(readSigningKey(PEM, "RS256")),
      /Expected a key for RS256, found one for ES256/,
    );
    assert.match(JSON.stringify(readSigningKey("no key")), /Expected a PEM private key/);
  });
});
