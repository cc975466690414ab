import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { checkDiscoveryIssuer, metadataUrls } from "../../src/keys/discover-keys.ts";
import { mayPointTo } from "../../src/keys/fetch-url.ts";
import { type KeyServer, startKeyServer } from "../../src/testing/key-server.ts";
import { createJwk, createWorld, type World, type WorldOptions } from "./remote-world.ts";

const OPENID = "/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server";

interface Discovering {
  readonly world: World;
  readonly server: KeyServer;
  readonly issuer: string;
}

/** A world whose keys are found by discovery; the server publishes no metadata yet. */
async function discover(
  t: TestContext,
  options: WorldOptions & { readonly issuerPath?: string } = {},
): Promise<Discovering> {
  const { issuerPath = "", ...rest } = options;
  const server = await startKeyServer();
  t.after(() => server.close());
  const issuer = `${server.url}${issuerPath}`;
  const world = await createWorld(t, { ...rest, server, issuer, source: { discovery: true } });
  world.publish(createJwk("a"));
  return { world, server, issuer };
}

test("both documents stand where OpenID Connect Discovery and RFC 8414 say", () => {
  assert.deepEqual(metadataUrls("https://h.test"), {
    openid: "https://h.test/.well-known/openid-configuration",
    oauth: "https://h.test/.well-known/oauth-authorization-server",
  });
  assert.deepEqual(metadataUrls("https://h.test/"), metadataUrls("https://h.test"));
  assert.deepEqual(metadataUrls("https://h.test:8443/realms/one"), {
    openid: "https://h.test:8443/realms/one/.well-known/openid-configuration",
    oauth: "https://h.test:8443/.well-known/oauth-authorization-server/realms/one",
  });
  assert.deepEqual(metadataUrls("https://h.test/realms/one/"), metadataUrls("https://h.test/realms/one"));
  assert.equal(
    metadataUrls("https://h.test/a//").openid,
    "https://h.test/a//.well-known/openid-configuration",
  );
});

test("an issuer with query, fragment, credentials or another scheme is no base of discovery", () => {
  const rules = { insecureLoopbackHttp: false };
  assert.equal(checkDiscoveryIssuer("https://h.test/a", rules), undefined);
  for (const issuer of [
    "https://h.test/?a=b",
    "https://h.test/?",
    "https://h.test/#f",
    "https://u@h.test/",
    "http://h.test/",
    "http://localhost/",
    "h.test",
    "urn:issuer",
    "",
  ]) {
    assert.equal(typeof checkDiscoveryIssuer(issuer, rules), "string", issuer);
  }
  assert.equal(checkDiscoveryIssuer("http://localhost/", { insecureLoopbackHttp: true }), undefined);
});

test("keys are found through the OpenID document with three requests, and later refreshed with one", async (t) => {
  const { world, server, issuer } = await discover(t, { issuerPath: "/realms/one" });
  server.documents.set(`/realms/one${OPENID}`, { issuer, jwks_uri: `${server.url}/jwks` });
  assert.equal(await world.resolve("a"), "found");
  assert.deepEqual(server.requests.map(({ path }) => path).sort(), [
    `${OAUTH}/realms/one`,
    "/jwks",
    `/realms/one${OPENID}`,
  ]);
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(2);
  assert.equal(server.countRequests(), 4);
  assert.equal(world.fetches(), 2);
});

test("where the OpenID document does not exist, the RFC 8414 document decides", async (t) => {
  for (const status of [403, 404, 410]) {
    const { world, server, issuer } = await discover(t);
    server.faults.set(OPENID, { status });
    server.documents.set(OAUTH, { issuer, jwks_uri: `${server.url}/jwks` });
    assert.equal(await world.resolve("a"), "found");
  }
});

test("an OpenID document that fails otherwise is not replaced by the other", async (t) => {
  const { world, server, issuer } = await discover(t);
  server.faults.set(OPENID, { status: 500 });
  server.documents.set(OAUTH, { issuer, jwks_uri: `${server.url}/jwks` });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished")[0]?.result, "http_5xx");
  assert.equal(world.fetches(), 0);
});

test("no metadata at all is a failure that says so", async (t) => {
  const { world } = await discover(t);
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.deepEqual(world.told("keys_fetch_finished")[0]?.result, "http_4xx");
});

test("metadata of another issuer is not used, code point by code point", async (t) => {
  const { world, server, issuer } = await discover(t);
  for (const claimed of [
    `${issuer}/`,
    issuer.toUpperCase(),
    `${issuer}\u200b`,
    "https://evil.test",
    [issuer],
    undefined,
  ]) {
    server.documents.set(OPENID, { issuer: claimed, jwks_uri: `${server.url}/jwks` });
    world.clock.advance({ seconds: 61 });
    assert.equal(await world.resolve("a"), "keys_unavailable", JSON.stringify(claimed));
    assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "issuer_mismatch");
  }
  assert.equal(world.fetches(), 0);
});

test("two documents of the issuer that name different key sets are refused", async (t) => {
  const { world, server, issuer } = await discover(t);
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
  server.documents.set(OAUTH, { issuer, jwks_uri: `${server.url}/other` });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.match(world.told("keys_fetch_finished")[0]?.detail ?? "", /different values of jwks_uri/);
  server.documents.set(OAUTH, { issuer, jwks_uri: `${server.url}/jwks` });
  world.clock.advance({ seconds: 2 });
  assert.equal(await world.resolve("a"), "found");
});

test("a second document of another issuer, broken or silent, is treated as absent", async (t) => {
  const { world, server, issuer } = await discover(t);
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
  server.documents.set(OAUTH, { issuer: "https://other.test", jwks_uri: `${server.url}/other` });
  assert.equal(await world.resolve("a"), "found");
  for (const fault of [{ status: 500 }, { body: "<html>" }, { hang: true }]) {
    server.faults.set(OAUTH, fault);
    world.clock.advance({ seconds: 3601 });
    assert.equal(await world.resolve("a"), "found");
  }
});

const BAD_URIS: readonly (readonly [string, unknown])[] = [
  ["http to a host that is not loopback", "http://issuer.test/jwks"],
  ["a file", "file:///etc/passwd"],
  ["data", "data:application/json,{}"],
  ["credentials", "https://user:pass@issuer.test/jwks"],
  ["a relative URL", "/jwks"],
  ["a number", 7],
  ["nothing", undefined],
];

for (const [name, jwksUri] of BAD_URIS) {
  test(`a jwks_uri that is ${name} is not fetched`, async (t) => {
    const dialed: string[] = [];
    const { world, server, issuer } = await discover(t, {
      fetch: (url, init) => {
        dialed.push(new URL(url).pathname);
        return fetch(url, init);
      },
    });
    server.documents.set(OPENID, { issuer, jwks_uri: jwksUri });
    assert.equal(await world.resolve("a"), "keys_unavailable");
    assert.equal(world.told("keys_fetch_finished")[0]?.result, "parse");
    assert.deepEqual(dialed.sort(), [OAUTH, OPENID]);
  });
}

test("metadata of a named issuer cannot send us to an address or to this machine", async (t) => {
  const dialed: string[] = [];
  for (const target of [
    "https://169.254.169.254/latest",
    "https://2852039166/latest",
    "https://[::1]/jwks",
    "https://[::ffff:7f00:1]/jwks",
    "https://127.0.0.1/jwks",
    "https://localhost/jwks",
    "https://api.localhost./jwks",
  ]) {
    const world = await createWorld(t, {
      issuer: "https://issuer.test",
      source: { discovery: true },
      fetch: async (url) => {
        dialed.push(new URL(url).hostname);
        const body = { issuer: "https://issuer.test", jwks_uri: target };
        return url.includes("openid") ? Response.json(body) : new Response("", { status: 404 });
      },
    });
    assert.equal(await world.resolve("a"), "keys_unavailable", target);
  }
  assert.deepEqual(new Set(dialed), new Set(["issuer.test"]));
});

test("keys on another named host than the issuer's are ordinary", async (t) => {
  const world = await createWorld(t, {
    issuer: "https://issuer.test",
    source: { discovery: true },
    fetch: async (url) => {
      if (url === "https://keys.test/jwks") return Response.json({ keys: [createJwk("a")] });
      const body = { issuer: "https://issuer.test", jwks_uri: "https://keys.test/jwks" };
      return url.includes("openid") ? Response.json(body) : new Response("", { status: 404 });
    },
  });
  assert.equal(await world.resolve("a"), "found");
});

test("metadata is read again after the longest refresh interval, and a move is told", async (t) => {
  const { world, server, issuer } = await discover(t, { settings: { maxRefreshSeconds: 1200 } });
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
  assert.equal(await world.resolve("a"), "found");
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url.replace("127.0.0.1", "localhost")}/moved` });
  server.documents.set("/moved", { keys: [createJwk("b")] });
  world.clock.advance({ seconds: 700 });
  assert.equal(await world.resolve("a"), "found");
  assert.equal(server.countRequests(OPENID), 1);
  world.clock.advance({ seconds: 700 });
  await world.resolve("b");
  assert.equal(server.countRequests(OPENID), 2);
  const detail = world.told("keys_fetch_finished").at(-1)?.detail ?? "";
  assert.match(detail, /moved from host 127\.0\.0\.1:\d+ to host localhost:\d+/);
});

test("a key set that is gone from its URL is looked for in fresh metadata, once", async (t) => {
  for (const status of [404, 410]) {
    const { world, server, issuer } = await discover(t);
    server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
    assert.equal(await world.resolve("a"), "found");
    server.faults.set("/jwks", { status });
    server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/moved` });
    server.documents.set("/moved", { keys: [createJwk("b")] });
    assert.equal(await world.resolve("b"), "found");
    assert.equal(server.countRequests(OPENID), 2);
    assert.equal(server.countRequests("/moved"), 1);
  }
});

test("while metadata cannot be read, the last known key set is still refreshed", async (t) => {
  const { world, server, issuer } = await discover(t);
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
  assert.equal(await world.resolve("a"), "found");
  server.faults.set(OPENID, { status: 500 });
  world.publish(createJwk("b"));
  world.clock.advance({ seconds: 3601 });
  assert.equal(await world.resolve("b"), "found");
  assert.match(world.told("keys_fetch_finished").at(-1)?.detail ?? "", /last known jwks_uri/);
});

test("metadata that turns to another issuer stops the refresh, and the last good set is served meanwhile", async (t) => {
  const { world, server, issuer } = await discover(t);
  server.documents.set(OPENID, { issuer, jwks_uri: `${server.url}/jwks` });
  assert.equal(await world.resolve("a"), "found");
  server.documents.set(OPENID, { issuer: "https://evil.test", jwks_uri: `${server.url}/jwks` });
  world.clock.advance({ seconds: 3601 });
  assert.equal(await world.resolve("a"), "found");
  assert.equal(world.told("keys_fetch_finished").at(-1)?.result, "issuer_mismatch");
  assert.equal(world.fetches(), 1);
});

test("metadata that hangs is bounded by the same timeout as the keys", async (t) => {
  const { world, server } = await discover(t, { settings: { timeoutMs: 200 } });
  server.faults.set("*", { hang: true });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished")[0]?.result, "timeout");
});

test("metadata may point to an address only where the issuer itself has that address", () => {
  const may = (target: string, issuer: string): boolean => mayPointTo(new URL(target), new URL(issuer));
  assert.equal(may("https://keys.test/jwks", "https://issuer.test"), true);
  assert.equal(may("https://10.0.0.5:8443/jwks", "https://10.0.0.5"), true);
  assert.equal(may("https://[fd00::1]/jwks", "https://[fd00::1]:9443"), true);
  assert.equal(may("https://10.0.0.6/jwks", "https://10.0.0.5"), false);
  assert.equal(may("https://[fd00::1]/jwks", "https://issuer.test"), false);
  assert.equal(may("http://localhost:1/jwks", "http://127.0.0.1:2"), true);
  assert.equal(may("http://[::1]:1/jwks", "http://localhost:2"), true);
  assert.equal(may("http://localhost:1/jwks", "https://10.0.0.5"), false);
});
