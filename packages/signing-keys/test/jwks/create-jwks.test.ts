import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createJwks,
  createLedger,
  findActive,
  type KeyRecord,
  promoteKey,
  revokeKey,
  rotateKeys,
  startKeys,
  UnpublishableError,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, START_MS } from "../kit/sample-keys.ts";

describe("a JWKS", () => {
  it("shows next, active and retiring keys, and no other", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    await rotateKeys(sample.manager);
    sample.seconds = 100;
    const { ledger } = await rotateKeys(sample.manager);
    const { keyIds } = createJwks(ledger, START_MS);
    const wanted = ["active", "next", "retiring"].map((state) => {
      return ledger.keys.find((key) => key.state === state)?.keyId;
    });
    assert.deepEqual(keyIds, wanted);
    sample.seconds = 300;
    const after = createJwks((await rotateKeys(sample.manager, { begins: false })).ledger, START_MS);
    assert.deepEqual(after.keyIds, wanted.slice(0, 2));
  });

  it("never has a private member, whatever the store holds", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    const keys = ledger.keys.map((key): KeyRecord => {
      return {
        ...key,
        publicJwk: Object.assign({}, key.publicJwk, { d: "secret", k: "secret", note: "secret" }),
      };
    });
    const { body } = createJwks({ ...ledger, keys }, START_MS);
    assert.ok(!body.includes("secret"));
    for (const key of JSON.parse(body).keys) {
      assert.deepEqual(Object.keys(key).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
  });

  it("is not there rather than empty, without a key that signs, with one kid twice, or too long", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    const [active, next] = ledger.keys;
    assert.ok(active && next);
    const wrong: readonly (readonly KeyRecord[])[] = [
      [],
      [next],
      [active, active],
      [active, ...Array.from({ length: 8 }, () => next)],
    ];
    for (const keys of wrong) {
      assert.throws(() => createJwks({ ...ledger, keys }, START_MS), UnpublishableError);
    }
    assert.throws(() => createJwks(createLedger(SAMPLE_OPTIONS), START_MS), /without keys/);
  });

  it("asks to be fetched often after a key was revoked, until everybody knows", async () => {
    const sample = createSample();
    const timing = { ...SAMPLE_OPTIONS.timing, clientCacheSeconds: 600 };
    const { ledger } = await startKeys(sample.manager, { ...SAMPLE_OPTIONS, timing });
    assert.equal(createJwks(ledger, START_MS).maxAgeSeconds, 600);
    const keyId = findActive(ledger)?.keyId ?? "";
    const revoked = await sample.manager.apply(
      (current, context) => revokeKey(current, { ...context, keyId }),
      { reason: "leaked" },
    );
    const { keyIds } = createJwks(revoked.ledger, START_MS);
    assert.ok(!keyIds.includes(keyId));
    assert.equal(createJwks(revoked.ledger, START_MS + 669_999).maxAgeSeconds, 60);
    assert.equal(createJwks(revoked.ledger, START_MS + 670_000).maxAgeSeconds, 600);
  });

  it("keeps its ETag while its keys are the same, and changes it with them", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    const { ledger: configured } = await sample.manager.configure({ retentionSeconds: 9 });
    assert.equal(createJwks(ledger, 0).etag, createJwks(configured, 0).etag);
    const next = ledger.keys.find(({ state }) => state === "next")?.keyId ?? "";
    const { ledger: promoted } = await sample.manager.apply(
      (current, context) => promoteKey(current, { ...context, keyId: next }),
      { isEmergency: true, reason: "test" },
    );
    assert.match(createJwks(ledger, 0).etag, /^"[\w-]{43}"$/);
    assert.notEqual(createJwks(ledger, 0).etag, createJwks(promoted, 0).etag);
  });
});
