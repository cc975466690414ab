import assert from "node:assert/strict";
import { test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { createRemoteKeySet } from "../../src/keys/remote-key-set.ts";
import { createJwk, createWorld, outcome, query, settingsOf } from "./remote-world.ts";

test("nothing is fetched before the first question", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  assert.equal(world.server.countRequests(), 0);
  assert.equal(await world.fetchesStarted(), 0);
});

test("a hundred callers of a cold key set share one fetch", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  const answers = await Promise.all(Array.from({ length: 100 }, () => world.resolve("a")));
  assert.deepEqual(new Set(answers), new Set(["found"]));
  assert.equal(world.fetches(), 1);
});

test("find answers from memory without waiting, and says when only a fetch can tell", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  assert.equal(world.find("a"), "fetch_needed");
  await world.keys.ready();
  assert.equal(world.find("a"), "found");
  assert.equal(world.fetches(), 1);
});

test("find starts the fetch, so that callers who never wait are served the next time", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  assert.equal(world.find("a"), "fetch_needed");
  await world.fetchesEnded(1);
  assert.equal(world.find("a"), "found");
});

test("an unknown kid causes one fetch, and a key published meanwhile is found", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.publish(createJwk("a"), createJwk("b"));
  assert.equal(await world.resolve("b"), "found");
  assert.equal(world.fetches(), 2);
  assert.deepEqual(
    world.told("unknown_key").map((event) => event.outcome),
    ["refetch_hit"],
  );
});

test("a hundred callers with the same new kid share one refetch and all find the key", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.publish(createJwk("a"), createJwk("b"));
  const answers = await Promise.all(Array.from({ length: 100 }, () => world.resolve("b")));
  assert.deepEqual(new Set(answers), new Set(["found"]));
  assert.equal(world.fetches(), 2);
});

test("a kid that a fetch did not bring is unknown, and asking again costs nothing", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  assert.equal(await world.resolve("x"), "key_unknown");
  for (let i = 0; i < 50; i++) assert.equal(world.find("x"), "key_unknown");
  assert.equal(world.fetches(), 2);
  const outcomes = world.told("unknown_key").map((event) => event.outcome);
  assert.deepEqual(outcomes.slice(0, 2), ["refetch_miss", "negative_cached"]);
});

test("within the cooldown another unknown kid is our fault, with the time to come back", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  await world.resolve("x");
  world.clock.advance({ seconds: 10 });
  const lookup = await world.keys.resolve(query("y"));
  assert.equal(outcome(lookup), "keys_stale");
  assert.equal(lookup.kind === "refused" && lookup.retryAfterSeconds, 20);
  assert.equal(world.fetches(), 2);
  assert.equal(world.told("unknown_key").at(-1)?.outcome, "cooldown");
});

test("after the cooldown one more fetch is allowed, also for a kid that was unknown before", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  assert.equal(await world.resolve("late"), "key_unknown");
  world.publish(createJwk("a"), createJwk("late"));
  world.clock.advance({ seconds: 29 });
  assert.equal(await world.resolve("late"), "key_unknown");
  world.clock.advance({ seconds: 2 });
  assert.equal(await world.resolve("late"), "found");
  assert.equal(world.fetches(), 3);
});

test("a key that was found, removed and published again is looked for anew", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, c);
  await world.keys.ready();
  world.publish(a, b, c);
  assert.equal(await world.resolve("b"), "found");
  world.publish(a, c);
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(3);
  world.publish(a, b, c);
  world.clock.advance({ seconds: 5 });
  assert.equal(await world.resolve("b"), "found");
  assert.equal(world.fetches(), 4);
});

test("a kid asked for only while a fetch was under way is not called unknown by that fetch", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  const first = world.resolve("x");
  const second = world.resolve("y");
  assert.equal(await first, "key_unknown");
  assert.equal(await second, "keys_stale");
  assert.equal(world.fetches(), 2);
});

test("a failed refetch for an unknown kid is our fault, and the known keys go on verifying", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.server.faults.set("/jwks", { status: 500 });
  assert.equal(await world.resolve("x"), "keys_stale");
  assert.equal(await world.resolve("x"), "keys_stale");
  assert.equal(world.find("a"), "found");
  assert.equal(world.fetches(), 2);
});

test("a kid longer than any that a key can have is unknown without a fetch", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  assert.equal(await world.resolve("k".repeat(257)), "key_unknown");
  assert.equal(await world.resolve(""), "key_unknown");
  assert.equal(world.fetches(), 1);
  assert.equal(await world.resolve("k".repeat(256)), "key_unknown");
  assert.equal(world.fetches(), 2);
});

test("a token without kid that no key fits takes the same way as an unknown kid", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  const withoutKid = { algorithm: ALGORITHMS.ES256, keyId: undefined };
  assert.equal(outcome(await world.keys.resolve(withoutKid)), "key_unknown");
  assert.equal(outcome(await world.keys.resolve(withoutKid)), "key_unknown");
  assert.equal(world.fetches(), 2);
});

test("a failed signature fetches once where the same kid may have new material", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  const old = world.keys.find(query("a"));
  assert.equal(old.kind, "found");
  const failed = old.kind === "found" ? old.keys : [];
  world.publish(createJwk("a"));
  const replaced = await world.keys.replacement(query("a"), failed);
  assert.equal(replaced?.length, 1);
  assert.notEqual(replaced?.[0]?.material, failed[0]?.material);
  assert.equal(world.fetches(), 2);
  // The old material is gone, and who still holds it gets the new one without another fetch.
  const again = await world.keys.replacement(query("a"), failed);
  assert.equal(again?.length, 1);
  assert.equal(world.fetches(), 2);
  const [change] = world.told("key_set_changed").slice(-1);
  assert.deepEqual([change?.added, change?.removed], [change?.removed, change?.added]);
});

test("failed signatures spend their own budget, not the one for unknown kids", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  const found = world.keys.find(query("a"));
  const failed = found.kind === "found" ? found.keys : [];
  assert.deepEqual(await world.keys.replacement(query("a"), failed), []);
  for (let i = 0; i < 20; i++) assert.equal(world.keys.replacement(query("a"), failed), undefined);
  assert.equal(world.fetches(), 2);
  assert.equal(await world.resolve("x"), "key_unknown");
  assert.equal(world.fetches(), 3);
  world.clock.advance({ seconds: 31 });
  assert.deepEqual(await world.keys.replacement(query("a"), failed), []);
  assert.equal(world.fetches(), 4);
});

test("ready rejects with what failed, and resolves once the source is back", async (t) => {
  const world = await createWorld(t);
  world.server.faults.set("/jwks", { status: 503 });
  await assert.rejects(world.keys.ready(), /issuer "main".*http_5xx.*found 503/);
  await assert.rejects(world.keys.ready(), /issuer "main"/);
  assert.equal(world.fetches(), 1);
  world.server.faults.clear();
  world.publish(createJwk("a"));
  world.clock.advance({ seconds: 2 });
  await world.keys.ready();
  assert.equal(world.find("a"), "found");
});

test("closing aborts the fetch under way and frees everyone who waits for it", async (t) => {
  const world = await createWorld(t, { settings: { timeoutMs: 30_000 } });
  world.server.faults.set("/jwks", { hang: true });
  const waiting = Promise.all([world.resolve("a"), world.resolve("b")]);
  await world.keys.close();
  assert.deepEqual(await waiting, ["keys_unavailable", "keys_unavailable"]);
  assert.equal(world.told("keys_fetch_finished").length, 0);
});

test("after closing, the copy serves until its lifetime ends and nothing is fetched any more", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  await world.keys.close();
  await world.keys.close();
  assert.equal(world.find("a"), "found");
  const unknown = await world.keys.resolve(query("x"));
  assert.deepEqual(
    [outcome(unknown), unknown.kind === "refused" && unknown.retryAfterSeconds],
    ["keys_stale", undefined],
  );
  world.clock.advance({ seconds: 601 });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  await assert.rejects(world.keys.ready(), /closed/);
  assert.equal(world.fetches(), 1);
});

test("an observer that throws changes nothing", async (t) => {
  const world = await createWorld(t, {
    observer: () => {
      throw new Error("watching failed");
    },
  });
  world.publish(createJwk("a"), { kty: "OKP", crv: "Ed25519", x: "AA", kid: "bad" });
  assert.equal(await world.resolve("a"), "found");
  assert.equal(await world.resolve("x"), "key_unknown");
});

test("a fetch that ignores its signal and never settles keeps nobody waiting", async (t) => {
  const world = await createWorld(t, {
    fetch: () => new Promise(() => undefined),
    settings: { timeoutMs: 100 },
  });
  assert.equal(await world.resolve("a"), "keys_unavailable");
  assert.equal(world.told("keys_fetch_finished").at(0)?.result, "timeout");
});

test("a fetch frozen with the request that started it is given up, and its late answer changes nothing", async (t) => {
  const world = await createWorld(t, { settings: { timeoutMs: 100 } });
  const stale = createJwk("old");
  const answers: ((response: Response) => void)[] = [];
  const keys = createRemoteKeySet({
    issuer: "https://issuer.test/",
    name: "frozen",
    source: { jwksUri: "https://issuer.test/jwks" },
    algorithms: [ALGORITHMS.Ed25519],
    // A timer that never comes, as where a runtime froze the request.
    settings: { ...settingsOf(), timeoutMs: 20_000 },
    fetch: () => new Promise((resolve) => answers.push(resolve)),
    clock: world.clock,
    observer: undefined,
    store: undefined,
  });
  t.after(() => keys.close());
  assert.equal(outcome(keys.find(query("new"))), "fetch_needed");
  await Promise.resolve();
  world.clock.advance({ seconds: 22 });
  const resolving = keys.resolve(query("new"));
  await new Promise(setImmediate);
  assert.equal(answers.length, 2);
  answers[1]?.(Response.json({ keys: [createJwk("new")] }));
  assert.equal(outcome(await resolving), "found");
  answers[0]?.(Response.json({ keys: [stale] }));
  await new Promise(setImmediate);
  assert.equal(outcome(keys.find(query("new"))), "found");
  assert.equal(outcome(keys.find(query("old"))), "fetch_needed");
});

test("two issuers with the same kid keep their own keys", async (t) => {
  const first = await createWorld(t);
  const second = await createWorld(t, { server: first.server, path: "/other" });
  first.publish(createJwk("same"));
  second.publish(createJwk("same"));
  const [one, two] = await Promise.all([
    first.keys.resolve(query("same")),
    second.keys.resolve(query("same")),
  ]);
  assert.ok(one.kind === "found" && two.kind === "found");
  assert.notEqual(one.keys[0]?.material, two.keys[0]?.material);
});

test("a URL that is never fetched is refused at construction", () => {
  const settings = { ...settingsOf(), insecureLoopbackHttp: false };
  const rest = { issuer: "https://i.test/", name: "i", algorithms: [], settings, fetch, clock: Date.now };
  for (const jwksUri of [
    "http://127.0.0.1/jwks",
    "file:///etc/passwd",
    "https://u:p@i.test/",
    "ftp://i.test/",
    "jwks",
  ]) {
    assert.throws(
      () => createRemoteKeySet({ ...rest, source: { jwksUri }, observer: undefined, store: undefined }),
      TypeError,
    );
  }
});
