import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { importKeySet } from "../../src/keys/key-set.ts";
import { createStaticKeySource } from "../../src/keys/static-key-source.ts";
import { platform as web } from "../../src/platform/web.ts";
import { INLINE, PUBLIC_KEYS } from "./public-keys.ts";

const KEYS = [{ ...PUBLIC_KEYS.p256, kid: "a" }];
const QUERY = { algorithm: ALGORITHMS.ES256, keyId: "a" };

describe("a source of configured keys", () => {
  test("answers at once and for good where the platform is synchronous", async () => {
    const source = createStaticKeySource(importKeySet({ keys: KEYS }, INLINE));
    const found = source.find(QUERY);
    assert.equal(found.kind, "found");
    assert.equal(await source.resolve(QUERY), found);
    assert.equal(source.find({ ...QUERY, keyId: "b" }).kind, "refused");
    await source.ready();
    await source.close();
    await source.close();
    assert.equal(source.find(QUERY), found);
  });

  test("has no replacement for a key whose signature failed", () => {
    const source = createStaticKeySource(importKeySet({ keys: KEYS }, INLINE));
    assert.equal(source.replacement(QUERY, []), undefined);
  });

  test("waits for the import where the platform is asynchronous, and then answers at once", async () => {
    const source = createStaticKeySource(importKeySet({ keys: KEYS }, { ...INLINE, platform: web }));
    assert.deepEqual(source.find(QUERY), { kind: "fetch_needed" });
    const resolved = await source.resolve(QUERY);
    assert.ok(resolved.kind === "found" && !(resolved.keys[0]?.native instanceof Promise));
    assert.equal(source.find(QUERY), resolved);
    await source.ready();
  });

  test("waits for the import where only some keys are imported asynchronously", async () => {
    const mixed: typeof web = {
      ...web,
      importKey: (algorithm, jwk) =>
        jwk.kty === "RSA" ? web.importKey(algorithm, jwk) : { native: undefined },
    };
    const keys = [...KEYS, { ...PUBLIC_KEYS.rsa, kid: "b" }];
    const source = createStaticKeySource(importKeySet({ keys }, { ...INLINE, platform: mixed }));
    assert.deepEqual(source.find(QUERY), { kind: "fetch_needed" });
    await source.ready();
    assert.equal(source.find(QUERY).kind, "found");
  });

  test("closes at once", async () => {
    const closing = createStaticKeySource(importKeySet({ keys: KEYS }, INLINE)).close();
    assert.ok(closing instanceof Promise);
    await closing;
  });

  test("is not ready where no key can be used, and says why of each", async () => {
    const weak = { ...PUBLIC_KEYS.rsa, e: "Aw" };
    const source = createStaticKeySource(importKeySet({ keys: [weak, { ...KEYS[0], use: "enc" }] }, INLINE));
    await assert.rejects(
      source.ready(),
      /^Error: None of the configured keys .* key 0: the RSA exponent is 3.*; key 1: "use" is "enc"/,
    );
    assert.equal(source.find(QUERY).kind, "refused");
  });

  test("drops keys that the runtime refuses, without an unhandled rejection", async () => {
    const refusing = { ...web, importKey: () => Promise.reject(new Error("no such key")) };
    const source = createStaticKeySource(importKeySet({ keys: KEYS }, { ...INLINE, platform: refusing }));
    const resolved = await source.resolve(QUERY);
    assert.ok(resolved.kind === "refused" && resolved.reason === "key_unsuitable");
    await assert.rejects(source.ready(), /the runtime's crypto refuses the key/);
  });
});
