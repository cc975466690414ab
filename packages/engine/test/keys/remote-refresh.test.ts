import assert from "node:assert/strict";
import { test } from "node:test";
import { createJwk, createWorld, type World, type WorldOptions } from "./remote-world.ts";

const LIFETIMES: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ["nothing about caching", {}, 600],
  ["max-age", { "cache-control": "public, max-age=900" }, 900],
  ["max-age under the least", { "cache-control": "max-age=5" }, 60],
  ["max-age over the most", { "cache-control": "max-age=31536000" }, 3600],
  ["max-age and an Age", { "cache-control": "max-age=900", age: "600" }, 300],
  ["no-store", { "cache-control": "no-store, max-age=900" }, 60],
  ["no-cache", { "cache-control": "max-age=900, no-cache" }, 60],
  ["an unreadable max-age", { "cache-control": "max-age=soon" }, 60],
  ["two max-ages", { "cache-control": "max-age=900, max-age=300" }, 300],
  ["a max-age of a shared cache only", { "cache-control": "s-maxage=900" }, 600],
  ["an Expires", { date: "Mon, 23 Nov 2026 10:00:00 GMT", expires: "Mon, 23 Nov 2026 10:20:00 GMT" }, 1200],
  ["an Expires that is over", { expires: "0" }, 60],
];

for (const [name, headers, lifetimeSeconds] of LIFETIMES) {
  test(`a source that says ${name} is asked again within ${lifetimeSeconds} s`, async (t) => {
    const world = await start(t);
    for (const [header, value] of Object.entries(headers)) world.server.headers.set(header, value);
    await world.keys.ready();
    assert.equal(world.told("keys_fetch_finished")[0]?.maxAgeSeconds, lifetimeSeconds);
    world.clock.advance({ seconds: lifetimeSeconds * 0.75 - 1 });
    world.find("a");
    assert.equal(await world.fetchesStarted(), 1);
    world.clock.advance({ seconds: 2 });
    assert.equal(world.find("a"), "found");
    assert.equal(await world.fetchesStarted(), 2);
    await world.fetchesEnded(2);
    assert.equal(world.fetches(), 2);
  });
}

async function start(t: Parameters<typeof createWorld>[0], options: WorldOptions = {}): Promise<World> {
  const world = await createWorld(t, options);
  world.publish(createJwk("a"));
  return world;
}

test("the refresh ahead of expiry comes after 75 to 90 % of the lifetime", async (t) => {
  const world = await start(t, { random: () => 1 });
  await world.keys.ready();
  world.clock.advance({ ms: 539_999 });
  world.find("a");
  assert.equal(await world.fetchesStarted(), 1);
  world.clock.advance({ ms: 1 });
  world.find("a");
  assert.equal(await world.fetchesStarted(), 2);
});

test("nobody waits for the refresh in the background, even where the source hangs", async (t) => {
  const world = await start(t, { settings: { timeoutMs: 300 } });
  await world.keys.ready();
  world.server.faults.set("/jwks", { hang: true });
  world.clock.advance({ seconds: 500 });
  for (let i = 0; i < 100; i++) assert.equal(world.find("a"), "found");
  assert.equal(await world.resolve("a"), "found");
  assert.equal(world.told("keys_fetch_finished").length, 1);
  await world.fetchesEnded(2);
  assert.equal(world.find("a"), "found");
  assert.equal(world.fetches(), 2);
});

test("the timer refreshes without any use", async (t) => {
  const world = await start(t, { clock: Date.now, settings: { minRefreshSeconds: 1, maxRefreshSeconds: 1 } });
  await world.keys.ready();
  await world.fetchesEnded(2);
  assert.equal(world.fetches(), 2);
});

test("a copy that expired unseen is fetched before it is used again", async (t) => {
  const world = await start(t);
  await world.keys.ready();
  world.publish(createJwk("b"));
  world.clock.advance({ seconds: 601 });
  assert.equal(world.find("a"), "fetch_needed");
  assert.equal(await world.resolve("b"), "found");
  assert.equal(world.fetches(), 2);
});

test("a removed key stops verifying with the next refresh", async (t) => {
  const world = await createWorld(t);
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a, c);
  world.clock.advance({ seconds: 451 });
  world.find("a");
  await world.fetchesEnded(2);
  assert.equal(world.find("a"), "found");
  assert.equal(await world.resolve("b"), "key_unknown");
  assert.deepEqual(world.told("key_set_changed").at(-1)?.removed, [{ keyId: "b", algorithm: "Ed25519" }]);
});

test("a removed key stays gone when the source fails afterwards", async (t) => {
  const world = await createWorld(t);
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a, c);
  world.clock.advance({ seconds: 451 });
  world.find("a");
  await world.fetchesEnded(2);
  world.server.faults.set("/jwks", { status: 500 });
  assert.equal(await world.resolve("b"), "keys_stale");
  assert.equal(world.find("a"), "found");
});

test("an ETag is sent back, and 304 confirms the copy for another lifetime", async (t) => {
  const world = await start(t);
  world.server.sendsEtag = true;
  await world.keys.ready();
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(2);
  assert.deepEqual(
    world.server.requests.map(({ status }) => status),
    [200, 304],
  );
  assert.equal(world.told("keys_fetch_finished")[1]?.result, "not_modified");
  assert.equal(world.told("key_set_changed").length, 1);
  world.clock.advance({ seconds: 400 });
  assert.equal(world.find("a"), "found");
  assert.equal(world.fetches(), 2);
  world.publish(createJwk("a"), createJwk("b"));
  assert.equal(await world.resolve("b"), "found");
});

test("the last good set is used for maxStaleSeconds since the last success, then keys are unavailable", async (t) => {
  const world = await start(t, { settings: { maxStaleSeconds: 7200 } });
  await world.keys.ready();
  world.server.faults.set("/jwks", { status: 500 });
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(2);
  world.clock.advance({ seconds: 6699 });
  assert.equal(world.find("a"), "found");
  await world.fetchesEnded(3);
  world.clock.advance({ seconds: 1 });
  assert.equal(world.find("a"), "keys_unavailable");
  assert.equal(await world.resolve("a"), "keys_unavailable");
  world.server.faults.clear();
  world.clock.advance({ seconds: 61 });
  assert.equal(await world.resolve("a"), "found");
});

test("with maxStaleSeconds 0 the copy is used for its lifetime and not longer", async (t) => {
  const world = await start(t, { settings: { maxStaleSeconds: 0 } });
  await world.keys.ready();
  world.server.faults.set("/jwks", { status: 500 });
  world.clock.advance({ seconds: 599 });
  assert.equal(world.find("a"), "found");
  await world.fetchesEnded(2);
  world.clock.advance({ seconds: 1 });
  assert.equal(await world.resolve("a"), "keys_unavailable");
});

test("events tell until when the copy may be used", async (t) => {
  const world = await start(t, { settings: { maxStaleSeconds: 7200 } });
  const started = world.clock.now;
  await world.keys.ready();
  assert.equal(world.told("keys_fetch_finished")[0]?.usableUntil, started + 7_200_000);
  world.server.faults.set("/jwks", { status: 500 });
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(2);
  assert.equal(world.told("keys_fetch_finished")[1]?.usableUntil, started + 7_200_000);
  assert.deepEqual(
    world.told("keys_fetch_finished").map(({ durationMs }) => durationMs),
    [0, 0],
  );
});

test("a clock that steps back does not put off the next refresh", async (t) => {
  const world = await start(t);
  await world.keys.ready();
  world.clock.advance({ seconds: -86_400 });
  assert.equal(world.find("a"), "found");
  world.clock.advance({ seconds: 451 });
  assert.equal(world.find("a"), "found");
  await world.fetchesEnded(2);
  assert.equal(world.fetches(), 2);
});

test("a clock that steps back does not extend the use of a stale copy", async (t) => {
  const world = await start(t, { settings: { maxStaleSeconds: 3600 } });
  await world.keys.ready();
  world.server.faults.set("/jwks", { status: 500 });
  for (let i = 0; i < 60; i++) {
    world.clock.advance({ seconds: 61 });
    world.find("a");
    world.clock.advance({ seconds: -100_000 });
    await world.resolve("x");
  }
  assert.equal(world.find("a"), "keys_unavailable");
});

test("a clock that jumps far ahead asks the source instead of trusting the copy", async (t) => {
  const world = await start(t);
  await world.keys.ready();
  world.clock.advance({ seconds: 10 * 365 * 86_400 });
  assert.equal(world.find("a"), "fetch_needed");
  assert.equal(await world.resolve("a"), "found");
  world.clock.advance({ seconds: -10 * 365 * 86_400 });
  assert.equal(world.find("a"), "found");
  world.clock.advance({ seconds: 451 });
  world.find("a");
  await world.fetchesEnded(3);
  assert.equal(world.fetches(), 3);
});

test("the difference to the source's clock is told from its Date header", async (t) => {
  const world = await start(t);
  const dates: readonly (readonly [number, number])[] = [
    [90, 90],
    [-3600, -3600],
    [0, 0],
  ];
  for (const [offsetSeconds] of dates) {
    world.server.headers.set("date", new Date(world.clock.now + offsetSeconds * 1000).toUTCString());
    await world.resolve(`x${offsetSeconds}`);
    world.clock.advance({ seconds: 61 });
  }
  const told = world.told("clock_difference_measured").map(({ seconds }) => Math.trunc(seconds));
  // Whole seconds: half a second of the header's resolution may round up.
  for (const [i, [, expected]] of dates.entries()) {
    assert.ok(
      Math.abs((told[i + (told.length - dates.length)] ?? Number.NaN) - expected) <= 1,
      told.join(" "),
    );
  }
});

test("an unreadable Date is no measurement", async (t) => {
  const world = await start(t);
  world.server.headers.set("date", "yesterday");
  await world.keys.ready();
  assert.equal(world.told("clock_difference_measured").length, 0);
});
