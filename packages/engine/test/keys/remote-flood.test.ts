import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_NEGATIVE_ENTRIES } from "../../src/keys/negative-cache.ts";
import { MAX_WAITING_LOOKUPS } from "../../src/keys/remote-key-set.ts";
import { createJwk, createWorld, query } from "./remote-world.ts";

const FLOOD = 10_000;

test("10,000 unknown kids at once cause one fetch, and known keys and other issuers do not notice", async (t) => {
  const flooded = await createWorld(t);
  const other = await createWorld(t, { server: flooded.server, path: "/other" });
  flooded.publish(createJwk("a"));
  other.publish(createJwk("b"));
  await Promise.all([flooded.keys.ready(), other.keys.ready()]);
  const flood = Array.from({ length: FLOOD }, (_, i) => flooded.resolve(`unknown-${i}`));
  assert.equal(flooded.find("a"), "found");
  assert.equal(other.find("b"), "found");
  assert.equal(await other.resolve("b"), "found");
  const answers = await Promise.all(flood);
  assert.deepEqual(new Set(answers), new Set(["key_unknown", "keys_stale"]));
  assert.equal(flooded.fetches(), 2);
  assert.equal(other.fetches(), 1);
  assert.equal(await other.fetchesStarted(), 1);
  // The flood spent nothing of the other issuer's budget.
  other.publish(createJwk("b"), createJwk("c"));
  assert.equal(await other.resolve("c"), "found");
});

test("10,000 unknown kids one after the other cause one fetch in each cooldown", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.server.headers.set("cache-control", "max-age=3600");
  world.publish(createJwk("a"));
  await world.keys.ready();
  for (let i = 0; i < FLOOD; i++) {
    await world.resolve(`unknown-${i}`);
    world.clock.advance({ ms: 10 });
  }
  // 100 s: at 0, 30, 60 and 90 s, beside the first.
  assert.equal(world.fetches(), 5);
  assert.equal(world.find("a"), "found");
});

test("a rotation during the flood is seen within one cooldown, and old keys verify all the time", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  const answers: string[] = [];
  let published: number | undefined;
  let accepted: number | undefined;
  for (let i = 0; i < FLOOD / 2 && accepted === undefined; i++) {
    await world.resolve(`unknown-${i}`);
    if (i === 500) {
      world.publish(createJwk("a"), createJwk("new"));
      published = world.clock.now;
    }
    if (published !== undefined) {
      const answer = await world.resolve("new");
      answers.push(answer);
      if (answer === "found") accepted = world.clock.now;
    }
    assert.equal(world.find("a"), "found");
    world.clock.advance({ ms: 10 });
  }
  assert.ok(published !== undefined && accepted !== undefined);
  assert.ok(accepted - published <= 30_000, `${accepted - published} ms`);
  // Never blamed on the caller: the key is good.
  assert.deepEqual(new Set(answers), new Set(["keys_stale", "found"]));
});

test("a flood of one kid is answered from memory", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  await world.resolve("x");
  for (let i = 0; i < FLOOD; i++) assert.equal(world.find("x"), "key_unknown");
  assert.equal(world.fetches(), 2);
});

test("what is remembered of unknown kids is bounded, the longest unused going first", async (t) => {
  const world = await createWorld(t);
  world.publish(createJwk("a"));
  await world.keys.ready();
  assert.equal(await world.resolve("x"), "key_unknown");
  for (let i = 0; i < MAX_NEGATIVE_ENTRIES - 1; i++) world.find(`unknown-${i}`);
  assert.equal(world.find("x"), "key_unknown");
  for (let i = 0; i < MAX_NEGATIVE_ENTRIES; i++) world.find(`other-${i}`);
  assert.equal(world.find("x"), "keys_stale");
});

test("only so many lookups wait at the same time; more are told at once to come back", async (t) => {
  const world = await createWorld(t, { settings: { timeoutMs: 200 } });
  world.server.faults.set("/jwks", { hang: true });
  const waiting = Array.from({ length: MAX_WAITING_LOOKUPS }, (_, i) => world.resolve(`k${i}`));
  assert.equal(world.find("one-more"), "keys_unavailable");
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["keys_unavailable"]));
  assert.equal(world.fetches(), 1);
});

test("forged signatures in a flood cause one fetch in each cooldown", async (t) => {
  const world = await createWorld(t, { settings: { cooldownSeconds: 30 } });
  world.publish(createJwk("a"));
  await world.keys.ready();
  const lookup = world.keys.find(query("a"));
  const failed = lookup.kind === "found" ? lookup.keys : [];
  const flood = Array.from({ length: FLOOD }, async () => world.keys.replacement(query("a"), failed));
  const answers = await Promise.all(flood);
  assert.equal(answers.flat().filter((key) => key !== undefined).length, 0);
  assert.equal(world.fetches(), 2);
});
