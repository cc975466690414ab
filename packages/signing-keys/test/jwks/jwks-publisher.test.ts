import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import {
  JwksPublisher,
  MemoryKeyStore,
  rotateKeys,
  startKeys,
  writeJwksFile,
} from "@countersign/signing-keys";
import { createValidator } from "countersign";
import { createSample, SAMPLE_OPTIONS } from "../kit/sample-keys.ts";

const URL_OF_JWKS = "https://idp.example.com/jwks";

describe("the publisher of a JWKS", () => {
  it("answers with headers that caches and verifiers understand", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    const publisher = new JwksPublisher({ store: sample.store });
    await publisher.start();
    try {
      const answer = publisher.handle(new Request(URL_OF_JWKS));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("Content-Type"), "application/jwk-set+json");
      assert.equal(answer.headers.get("Cache-Control"), "public, max-age=30");
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
      const jwks = (await answer.json()) as { keys: [] };
      assert.equal(jwks.keys.length, 2);
      createValidator({
        issuers: [{ issuer: SAMPLE_OPTIONS.issuer, audiences: ["a"], keys: { jwks }, algorithms: ["ES256"] }],
      });
      const etag = answer.headers.get("ETag") ?? "";
      for (const [header, status] of [
        [etag, 304],
        [`"x", W/${etag}`, 304],
        ["*", 304],
        ['"x"', 200],
        [etag.slice(0, -2), 200],
      ] as const) {
        const again = publisher.handle(new Request(URL_OF_JWKS, { headers: { "If-None-Match": header } }));
        assert.equal(again.status, status, header);
        assert.equal(again.headers.get("Cache-Control"), "public, max-age=30");
        assert.equal((await again.text()) === "", status === 304);
      }
      const head = publisher.handle(new Request(URL_OF_JWKS, { method: "HEAD" }));
      assert.deepEqual([head.status, head.headers.get("ETag"), await head.text()], [200, etag, ""]);
      assert.equal(publisher.handle(new Request(URL_OF_JWKS, { method: "POST" })).status, 405);
    } finally {
      await publisher.close();
    }
  });

  it("shows a change with the next reading, and the last good set where there is none", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    let isDown = false;
    const failures: unknown[] = [];
    const publisher = new JwksPublisher({
      store: {
        read: () => (isDown ? Promise.reject(new Error("down")) : sample.store.read()),
      },
      onFailure: (error) => failures.push(error),
    });
    await publisher.start();
    try {
      await rotateKeys(sample.manager);
      await publisher.refresh();
      assert.equal(publisher.read()?.keyIds.length, 3);
      isDown = true;
      await assert.rejects(publisher.refresh(), /down/);
      assert.equal(publisher.handle(new Request(URL_OF_JWKS)).status, 200);
      assert.equal(publisher.read()?.keyIds.length, 3);
    } finally {
      await publisher.close();
    }
  });

  it("never goes back to an older ledger, nor to one that must not be shown", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    const old = await sample.store.read();
    await rotateKeys(sample.manager);
    let stored = await sample.store.read();
    const publisher = new JwksPublisher({ store: { read: async () => stored } });
    await publisher.start();
    try {
      stored = old;
      await assert.rejects(publisher.refresh(), /went back/);
      stored = { version: 999, text: "{}" };
      await assert.rejects(publisher.refresh());
      stored = undefined;
      await assert.rejects(publisher.refresh());
      assert.equal(publisher.read()?.keyIds.length, 3);
    } finally {
      await publisher.close();
    }
  });

  it("says that it is not ready where it has never read anything", async () => {
    const publisher = new JwksPublisher({ store: new MemoryKeyStore() });
    await assert.rejects(publisher.start(), /keys init/);
    const answer = publisher.handle(new Request(URL_OF_JWKS));
    await publisher.close();
    assert.deepEqual([answer.status, answer.headers.get("Retry-After")], [503, "1"]);
    for (const intervalMs of [9, 60_001, Number.NaN]) {
      assert.throws(() => new JwksPublisher({ store: new MemoryKeyStore(), intervalMs }), RangeError);
    }
  });
});

describe("a JWKS as a file", () => {
  it("is replaced as a whole, readable by all, and left alone where nothing is new", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-jwks-"));
    const file = path.join(folder, "jwks.json");
    try {
      assert.equal(await writeJwksFile(file, { body: "one" }), true);
      const { ino } = await stat(file);
      assert.equal(await writeJwksFile(file, { body: "one" }), false);
      assert.equal((await stat(file)).ino, ino);
      assert.equal(await writeJwksFile(file, { body: "two" }), true);
      assert.notEqual((await stat(file)).ino, ino);
      assert.equal((await stat(file)).mode & 0o777, 0o644);
      assert.equal(await readFile(file, "utf8"), "two");
      assert.deepEqual(await readdir(folder), ["jwks.json"]);
      await assert.rejects(writeJwksFile(path.join(folder, "none", "jwks.json"), { body: "x" }));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
