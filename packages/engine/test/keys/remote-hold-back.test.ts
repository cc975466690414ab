import assert from "node:assert/strict";
import { test } from "node:test";
import { createJwk, createWorld, query, type World } from "./remote-world.ts";

/** Makes the next refresh happen and waits for it. */
async function refresh(world: World, seconds = 451): Promise<void> {
  const before = world.told("keys_fetch_finished").length;
  world.clock.advance({ seconds });
  world.find("a");
  await world.fetchesEnded(before + 1);
}

test("an empty answer does not take the keys away, and a good one right after it ends the matter", async (t) => {
  const world = await createWorld(t);
  const jwk = createJwk("a");
  world.publish(jwk);
  await world.keys.ready();
  world.publish();
  await refresh(world);
  assert.equal(world.told("keys_fetch_finished")[1]?.result, "empty");
  assert.equal(world.find("a"), "found");
  assert.deepEqual(
    world.told("key_set_suspicious").map(({ keysBefore, keysAfter }) => [keysBefore, keysAfter]),
    [[1, 0]],
  );
  world.publish(jwk);
  await refresh(world, 2);
  assert.equal(world.fetches(), 3);
  world.clock.advance({ seconds: 400 });
  assert.equal(world.find("a"), "found");
  // Nothing is held back any more: the next empty answer is a new suspicion.
  world.publish();
  await refresh(world);
  assert.equal(world.told("key_set_suspicious").length, 2);
});

test("an answer that stays empty is believed after the grace: keys are unavailable", async (t) => {
  const world = await createWorld(t, { settings: { removalGraceSeconds: 300 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.publish();
  await refresh(world);
  world.clock.advance({ seconds: 299 });
  assert.equal(world.find("a"), "found");
  await world.fetchesEnded(3);
  world.clock.advance({ seconds: 1 });
  assert.equal(world.find("a"), "keys_unavailable");
  assert.equal(world.told("key_set_suspicious").length, 1);
});

test("an empty answer is not trusted longer because the source fails afterwards", async (t) => {
  const world = await createWorld(t, { settings: { removalGraceSeconds: 300 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.publish();
  await refresh(world);
  world.server.faults.set("/jwks", { status: 500 });
  await refresh(world, 100);
  assert.equal(world.find("a"), "found");
  world.clock.advance({ seconds: 200 });
  assert.equal(await world.resolve("a"), "keys_unavailable");
});

test("without a grace an empty answer counts at once", async (t) => {
  const world = await createWorld(t, { settings: { removalGraceSeconds: 0 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  world.publish();
  await refresh(world);
  assert.equal(world.find("a"), "keys_unavailable");
});

test("an empty answer at the start is a failure that is tried again soon", async (t) => {
  const world = await createWorld(t);
  world.publish();
  assert.equal(await world.resolve("a"), "keys_unavailable");
  world.publish(createJwk("a"));
  world.clock.advance({ seconds: 1 });
  assert.equal(await world.resolve("a"), "found");
  assert.equal(world.told("key_set_suspicious").length, 0);
});

test("a set that lost more than half of its keys is held back: old and new keys verify, and it is checked often", async (t) => {
  const world = await createWorld(t);
  const [a, b, c, d] = [createJwk("a"), createJwk("b"), createJwk("c"), createJwk("d")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a, d);
  await refresh(world);
  for (const keyId of ["a", "b", "c", "d"]) assert.equal(world.find(keyId), "found", keyId);
  assert.deepEqual(
    world.told("key_set_suspicious").map(({ keysBefore, keysAfter }) => [keysBefore, keysAfter]),
    [[3, 2]],
  );
  assert.equal(world.told("keys_fetch_finished")[1]?.maxAgeSeconds, 60);
  await refresh(world, 46);
  assert.equal(world.fetches(), 3);
  assert.equal(world.told("key_set_suspicious").length, 1);
});

test("a shrunken set is adopted when the grace is over, also where no fetch succeeds in it", async (t) => {
  const world = await createWorld(t, { settings: { removalGraceSeconds: 300 } });
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a);
  await refresh(world);
  world.server.faults.set("/jwks", { status: 500 });
  await refresh(world, 100);
  world.clock.advance({ seconds: 199 });
  assert.equal(world.find("b"), "found");
  await world.fetchesEnded(4);
  world.clock.advance({ seconds: 1 });
  assert.equal(world.find("a"), "found");
  assert.equal(world.find("b"), "keys_stale");
  assert.deepEqual(
    world
      .told("key_set_changed")
      .at(-1)
      ?.removed.map(({ keyId }) => keyId),
    ["b", "c"],
  );
});

test("a shrunken set that grows back within the grace leaves no trace", async (t) => {
  const world = await createWorld(t);
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a);
  await refresh(world);
  world.publish(a, b, c);
  await refresh(world, 46);
  world.clock.advance({ seconds: 400 });
  for (const keyId of ["a", "b", "c"]) assert.equal(world.find(keyId), "found", keyId);
  assert.equal(world.told("key_set_changed").length, 1);
});

test("losing half of the keys is an ordinary rotation", async (t) => {
  const world = await createWorld(t);
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b);
  await world.keys.ready();
  world.publish(a, c);
  await refresh(world);
  assert.equal(await world.resolve("b"), "key_unknown");
  assert.equal(world.told("key_set_suspicious").length, 0);
});

test("without a grace a shrunken set counts at once", async (t) => {
  const world = await createWorld(t, { settings: { removalGraceSeconds: 0 } });
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.publish(a, b, c);
  await world.keys.ready();
  world.publish(a);
  await refresh(world);
  assert.equal(await world.resolve("b"), "key_unknown");
});

test("keys replaced under their kids are no loss, and the old material stops at once", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"), createJwk("b"));
  await world.keys.ready();
  const renewed = createJwk("a");
  world.publish(renewed, createJwk("b"));
  await refresh(world);
  const lookup = world.keys.find(query("a"));
  assert.ok(lookup.kind === "found" && lookup.keys.length === 1);
  assert.ok(lookup.keys[0]?.material?.includes(String(renewed["x"])));
  assert.equal(world.told("key_set_suspicious").length, 0);
});

test("keys that were too old to be used are not held back when the source returns with others", async (t) => {
  const world = await createWorld(t, { settings: { maxStaleSeconds: 3600 } });
  world.publish(createJwk("a"), createJwk("b"));
  await world.keys.ready();
  world.publish(createJwk("c"));
  world.clock.advance({ seconds: 7200 });
  assert.equal(await world.resolve("c"), "found");
  assert.equal(await world.resolve("a"), "key_unknown");
  assert.equal(world.told("key_set_suspicious").length, 0);
});
