import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { KeysFetchResult } from "../../src/ports.ts";
import type { KeyServerFault } from "../../src/testing/key-server.ts";
import { createJwk, createWorld, query } from "./remote-world.ts";

const FAULTS: readonly (readonly [string, KeyServerFault, KeysFetchResult])[] = [
  ["status 500", { status: 500 }, "http_5xx"],
  ["status 404", { status: 404 }, "http_4xx"],
  ["status 204", { status: 204 }, "parse"],
  ["status 206", { status: 206 }, "parse"],
  ["a 304 that nobody asked for", { status: 304 }, "parse"],
  ["no answer", { hang: true }, "timeout"],
  ["one byte at a time", { byteEveryMs: 20 }, "timeout"],
  ["a connection cut before the answer", { reset: true }, "connect"],
  ["a connection cut in the body", { truncateAfterBytes: 20 }, "connect"],
  ["a Content-Length that is too long", { contentLength: 10_000 }, "connect"],
  ["a Content-Length that is too short", { contentLength: 10 }, "parse"],
  ["a Content-Length over the bound", { contentLength: 5_000_000 }, "too_large"],
  ["more bytes than the bound", { paddingBytes: 1_100_000 }, "too_large"],
  ["gzip that expands to 200 MB", { gzipBombBytes: 200_000_000 }, "too_large"],
  ["a redirect within the origin", { redirectTo: "/elsewhere" }, "redirect"],
  ["a redirect to another origin", { redirectTo: "https://evil.test/jwks" }, "redirect"],
  ["a redirect to a file", { redirectTo: "file:///etc/passwd" }, "redirect"],
  ["a web page", { body: "<!doctype html><html><body>Sign in</body></html>" }, "parse"],
  ["nothing", { body: "" }, "parse"],
  ["no UTF-8", { body: new Uint8Array([0x7b, 0xff, 0x7d]) }, "parse"],
  ["an array", { body: "[]" }, "parse"],
  ["keys that are no array", { body: '{"keys":{}}' }, "parse"],
  ["no keys", { body: "{}" }, "parse"],
  ["members twice", { body: '{"keys":[],"keys":[]}' }, "parse"],
  ["keys from the prototype", { body: '{"__proto__":{"keys":[]}}' }, "parse"],
  ["too many keys", { body: JSON.stringify({ keys: Array.from({ length: 257 }, () => ({})) }) }, "too_large"],
  ["very deep JSON", { body: `{"keys":[${"[".repeat(100)}${"]".repeat(100)}]}` }, "parse"],
  ["no keys at all in the set", { body: '{"keys":[]}' }, "empty"],
  ["only keys that nobody can use", { body: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }, "empty"],
];

for (const [name, fault, result] of FAULTS) {
  test(`the last good set goes on serving when the source gives ${name}`, async (t) => {
    const world = await createWorld(t, { settings: { timeoutMs: 300 } });
    world.publish(createJwk("a"));
    await world.keys.ready();
    world.server.faults.set("/jwks", fault);
    world.clock.advance({ seconds: 500 });
    assert.equal(world.find("a"), "found");
    await world.fetchesEnded(2);
    const [, ended] = world.told("keys_fetch_finished");
    assert.equal(ended?.result, result, ended?.detail ?? name);
    assert.equal(world.find("a"), "found");
    assert.equal(world.fetches(), 2);
    assert.equal(world.server.countRequests("/elsewhere"), 0);
  });
}

test("with nothing in memory a failing source is our fault, and asked again only after a backoff", async (t) => {
  const world = await createWorld(t);
  world.server.faults.set("/jwks", { status: 500 });
  for (let i = 0; i < 20; i++) assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.fetches(), 1);
  const lookup = world.keys.find(query("a"));
  assert.equal(lookup.kind === "refused" && lookup.retryAfterSeconds, 1);
});

test("a source that fails for ten minutes is asked at most sixteen times", async (t) => {
  const world = await createWorld(t);
  world.server.faults.set("/jwks", { status: 500 });
  for (let second = 0; second < 600; second++) {
    await world.resolve("a");
    world.clock.advance({ seconds: 1 });
  }
  assert.ok(world.fetches() <= 16, `${world.fetches()} fetches`);
  assert.ok(world.fetches() >= 12, `${world.fetches()} fetches`);
});

test("Retry-After of the source is heard, up to a minute", async (t) => {
  const world = await createWorld(t);
  world.server.headers.set("retry-after", "40");
  world.server.faults.set("/jwks", { status: 503 });
  await world.resolve("a");
  world.clock.advance({ seconds: 39 });
  await world.resolve("a");
  assert.equal(world.fetches(), 1);
  world.server.headers.set("retry-after", "86400");
  world.clock.advance({ seconds: 2 });
  await world.resolve("a");
  world.clock.advance({ seconds: 61 });
  await world.resolve("a");
  assert.equal(world.fetches(), 3);
});

test("a refused connection and a host without a name are told apart", async (t) => {
  const world = await createWorld(t);
  await world.server.pause();
  await world.resolve("a");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "connect");
  await world.server.resume();
  world.publish(createJwk("a"));
  world.clock.advance({ seconds: 2 });
  assert.equal(await world.resolve("a"), "found");
  const nameless = await createWorld(t, { source: { jwksUri: "https://nobody.invalid/jwks" } });
  assert.equal(await nameless.resolve("a"), "keys_unavailable");
  assert.equal(nameless.told("keys_fetch_finished").at(-1)?.result, "dns");
});

test("a server without TLS where https is asked for is a TLS failure", async (t) => {
  const plain = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
  plain.listen(0, "127.0.0.1");
  await once(plain, "listening");
  t.after(() => plain.close());
  const { port } = plain.address() as { port: number };
  const world = await createWorld(t, { source: { jwksUri: `https://127.0.0.1:${port}/jwks` } });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "tls");
});

test("a redirect within the origin is followed where it is allowed, and only so often", async (t) => {
  const world = await createWorld(t, { settings: { maxRedirects: 2 } });
  world.server.documents.set("/third", { keys: [createJwk("a")] });
  world.server.faults.set("/jwks", { redirectTo: "/second" });
  world.server.faults.set("/second", { redirectTo: `${world.server.url}/third` });
  assert.equal(await world.resolve("a"), "found");
  world.server.faults.set("/third", { redirectTo: "/jwks" });
  world.clock.advance({ seconds: 700 });
  await world.resolve("a");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "redirect");
  assert.equal(world.server.countRequests(), 6);
});

test("a redirect to another origin is refused also where redirects are allowed", async (t) => {
  const other = await createWorld(t);
  other.publish(createJwk("a"));
  const world = await createWorld(t, { settings: { maxRedirects: 3 } });
  world.server.faults.set("/jwks", { redirectTo: `${other.server.url}/jwks` });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(other.fetches(), 0);
});

test("a redirect without a place to go is refused", async (t) => {
  const world = await createWorld(t, { settings: { maxRedirects: 3 } });
  for (const status of [301, 302, 303, 307, 308]) {
    world.server.faults.set("/jwks", { status });
    world.clock.advance({ seconds: 61 });
    assert.equal(await world.resolve("a"), "keys_unavailable");
    assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "redirect");
  }
  assert.equal(world.server.countRequests(), 5);
});

test("an answer that a custom fetch redirected on its own is refused", async (t) => {
  const world = await createWorld(t, {
    fetch: async (url, init) => fetch(url, { ...init, redirect: "follow" }),
  });
  world.server.documents.set("/elsewhere", { keys: [createJwk("a")] });
  world.server.faults.set("/jwks", { redirectTo: "/elsewhere" });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "redirect");
});

test("compressed key sets are read, and so are sets of a hundred keys and more than 51 kB", async (t) => {
  const world = await createWorld(t);
  const jwks = Array.from({ length: 100 }, (_, i) => ({ ...createJwk(`k${i}`), x5c: ["A".repeat(600)] }));
  const body = JSON.stringify({ keys: jwks });
  assert.ok(body.length > 51_000);
  world.server.headers.set("content-encoding", "gzip");
  world.server.faults.set("/jwks", { body: gzipSync(body) });
  assert.equal(await world.resolve("k99"), "found");
});

test("the detail of a failure says what was expected and never holds the answer", async (t) => {
  const details: readonly (readonly [KeyServerFault, RegExp])[] = [
    [{ body: new Uint8Array([0x7b, 0xff, 0x7d]) }, /^expected UTF-8$/],
    [{ body: '{"keys":"marker"}' }, /^expected a member keys that is an array/],
    [{ body: "marker" }, /^expected strict JSON/],
    [{ body: '"marker"' }, /^expected a JSON object$/],
    [{ status: 418 }, /^expected status 200, found 418$/],
    [{ paddingBytes: 1_100_000 }, /^expected at most 1048576 bytes; see maxBytes$/],
    [{ redirectTo: "https://marker.test/" }, /^found a redirect to another origin$/],
    [{ redirectTo: "/marker" }, /^expected at most 0 redirects, found another; see maxRedirects$/],
    [{ reset: true }, /^the connection failed or broke/],
    [{ body: '{"keys":[]}' }, /^expected at least one key, found none$/],
    [
      { body: '{"keys":[{"kty":"oct","k":"bWFya2Vy"}]}' },
      /^expected a usable key, found 1 that are not; key 0: /,
    ],
  ];
  const world = await createWorld(t);
  for (const [fault, expected] of details) {
    world.server.faults.set("/jwks", fault);
    world.clock.advance({ seconds: 61 });
    const lookup = await world.keys.resolve(query("a"));
    const detail = world.told("keys_fetch_finished").at(-1)?.detail ?? "";
    assert.match(detail, expected);
    assert.doesNotMatch(detail, /marker|bWFya2Vy/);
    assert.ok(lookup.kind === "refused" && lookup.detail?.endsWith(detail));
  }
});

test("broken gzip is a broken answer", async (t) => {
  const world = await createWorld(t);
  world.server.headers.set("content-encoding", "gzip");
  world.server.faults.set("/jwks", { body: "no gzip" });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "parse");
});

test("one malformed key spoils only itself, and is told with its place", async (t) => {
  const world = await createWorld(t);
  const good = Array.from({ length: 99 }, (_, i) => createJwk(`k${i}`));
  world.publish(...good.slice(0, 50), { kty: "OKP", crv: "Ed25519", x: 7, kid: "bad" }, ...good.slice(50));
  for (const keyId of ["k0", "k49", "k50", "k98"]) assert.equal(await world.resolve(keyId), "found");
  assert.equal(world.find("bad"), "key_unsuitable");
  assert.equal(world.fetches(), 1);
  assert.deepEqual(
    world.told("key_refused").map(({ index }) => index),
    [50],
  );
  const lookup = world.keys.find(query("bad"));
  assert.match(
    lookup.kind === "refused" ? (lookup.detail ?? "") : "",
    /^the key "bad" does not count: "x" must/,
  );
});

test("no event and no answer holds anything that a token supplied", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  const secret = "attacker-supplied-kid";
  const lookups = [await world.keys.resolve(query(secret)), world.keys.find(query(`${secret}2`))];
  assert.ok(!JSON.stringify([world.events, lookups]).includes(secret));
});
