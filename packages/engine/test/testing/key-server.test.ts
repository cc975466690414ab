import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeyServerFault, startKeyServer } from "../../src/testing/key-server.ts";

test("documents are served as JSON, others are not found, and every request is logged", async () => {
  await using server = await startKeyServer();
  let calls = 0;
  server.documents.set("/fixed", { keys: [] });
  server.documents.set("/made", () => ({ call: ++calls }));
  server.headers.set("cache-control", "max-age=60");
  const fixed = await fetch(`${server.url}/fixed?query=ignored`);
  assert.deepEqual(await fixed.json(), { keys: [] });
  assert.equal(fixed.headers.get("cache-control"), "max-age=60");
  assert.deepEqual(await (await fetch(`${server.url}/made`)).json(), { call: 1 });
  assert.deepEqual(await (await fetch(`${server.url}/made`)).json(), { call: 2 });
  assert.equal((await fetch(`${server.url}/none`)).status, 404);
  assert.deepEqual(
    server.requests.map(({ path, status }) => [path, status]),
    [
      ["/fixed", 200],
      ["/made", 200],
      ["/made", 200],
      ["/none", 404],
    ],
  );
  assert.equal(server.countRequests("/made"), 2);
  assert.equal(server.countRequests(), 4);
});

test("ETags are sent and compared only where they are switched on", async () => {
  await using server = await startKeyServer();
  server.documents.set("/jwks", { keys: [] });
  assert.equal((await fetch(`${server.url}/jwks`)).headers.get("etag"), null);
  server.sendsEtag = true;
  const etag = (await fetch(`${server.url}/jwks`)).headers.get("etag") ?? "";
  const again = await fetch(`${server.url}/jwks`, { headers: { "if-none-match": etag } });
  assert.equal(again.status, 304);
});

test("faults are played for their path or for all, and end when they are taken out", async () => {
  await using server = await startKeyServer();
  server.documents.set("/jwks", { keys: ["x".repeat(100)] });
  server.documents.set("/other", {});
  const url = `${server.url}/jwks`;
  const play = async (fault: KeyServerFault): Promise<Response> => {
    server.faults.set("/jwks", fault);
    return fetch(url, { redirect: "manual" });
  };
  assert.equal((await play({ status: 503 })).status, 503);
  assert.equal((await fetch(`${server.url}/other`)).status, 200);
  assert.equal((await play({ redirectTo: "/other" })).headers.get("location"), "/other");
  assert.equal(await (await play({ body: "text" })).text(), "text");
  assert.equal((await (await play({ paddingBytes: 100_000 })).text()).trim().length > 100, true);
  assert.equal((await (await play({ gzipBombBytes: 100_000 })).text()).length, 100_000);
  assert.equal((await (await play({ byteEveryMs: 0 })).text()).length > 100, true);
  await assert.rejects(play({ reset: true }));
  await assert.rejects((await play({ truncateAfterBytes: 10 })).text());
  await assert.rejects((await play({ contentLength: 10_000 })).text());
  server.faults.set("/jwks", { hang: true });
  await assert.rejects(fetch(url, { signal: AbortSignal.timeout(50) }));
  server.faults.clear();
  server.faults.set("*", { status: 500 });
  assert.equal((await fetch(`${server.url}/other`)).status, 500);
});

test("a paused server refuses connections and resumes at the same address", async () => {
  await using server = await startKeyServer();
  server.documents.set("/jwks", {});
  const { url } = server;
  await server.pause();
  await assert.rejects(fetch(`${url}/jwks`));
  await server.resume();
  assert.equal(server.url, url);
  assert.equal((await fetch(`${url}/jwks`)).status, 200);
  await server.close();
  await server.close();
});
