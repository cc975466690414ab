import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { KeySource, VerificationKey } from "../../src/keys/key-source.ts";
import { createRemoteKeySet, MAX_WAITING_LOOKUPS } from "../../src/keys/remote-key-set.ts";
import type { RemoteKeySettings } from "../../src/keys/remote-options.ts";
import type { EngineEvent } from "../../src/ports.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";
import { createDocumentSource } from "./document-source.ts";
import { createJwk, type Jwk, outcome, query, settingsOf } from "./remote-world.ts";
import { takeTimers } from "./take-timers.ts";

const JWKS = "https://idp.example/jwks";
const [A, B] = [createJwk("a"), createJwk("b")];

interface Lookups {
  readonly keys: KeySource;
  readonly clock: TestClock;
  readonly outcomes: () => readonly string[];
  publish(...keys: readonly Jwk[]): void;
  /** From now on the source fails with 500. */
  fail(): void;
  /** From now on the source does not answer until the returned function is called. */
  hold(): () => void;
  fetches(): number;
  find(keyId: string | undefined): string;
  resolve(keyId: string | undefined): Promise<string>;
  /** Keys in memory for the kid. */
  keysOf(keyId: string | undefined): readonly VerificationKey[];
}

function createLookups(t: TestContext, settings: Partial<RemoteKeySettings> = {}): Lookups {
  const documents = createDocumentSource();
  const clock = createTestClock();
  const events: EngineEvent[] = [];
  const keys = createRemoteKeySet({
    issuer: "https://idp.example/",
    name: "main",
    source: { jwksUri: JWKS },
    algorithms: [ALGORITHMS.Ed25519],
    settings: settingsOf(settings),
    fetch: documents.fetch,
    clock,
    observer: (event) => void events.push(event),
    store: undefined,
    random: () => 0,
  });
  t.after(() => keys.close());
  let published: readonly Jwk[] = [];
  const answer = (): Response => Response.json({ keys: published });
  documents.answers.set(JWKS, answer);
  return {
    keys,
    clock,
    outcomes: () => events.flatMap((event) => (event.type === "unknown_key" ? [event.outcome] : [])),
    publish: (...jwks) => {
      published = jwks;
      documents.answers.set(JWKS, answer);
    },
    fail: () => void documents.answers.set(JWKS, () => new Response("", { status: 500 })),
    hold: () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      documents.answers.set(JWKS, () => held.then(answer));
      return () => {
        documents.answers.set(JWKS, answer);
        release();
      };
    },
    fetches: () => documents.count(JWKS),
    find: (keyId) => outcome(keys.find(query(keyId))),
    resolve: async (keyId) => outcome(await keys.resolve(query(keyId))),
    keysOf: (keyId) => {
      const lookup = keys.find(query(keyId));
      assert.ok(lookup.kind === "found");
      return lookup.keys;
    },
  };
}

/** Lets everything that is under way have its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

describe("a lookup", () => {
  test("tells nothing of a refetch where it was the first fetch", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    assert.equal(await world.resolve("a"), "found");
    assert.deepEqual(world.outcomes(), []);
    world.publish(A, B);
    assert.equal(await world.resolve("b"), "found");
    assert.deepEqual(world.outcomes(), ["refetch_hit"]);
  });

  test("waits for a second fetch where the first was started before the question", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await world.keys.ready();
    world.clock.advance({ seconds: 451 });
    const release = world.hold();
    assert.equal(world.find("a"), "found");
    const waiting = world.resolve("b");
    await settle();
    release();
    await settle();
    assert.equal(world.fetches(), 3);
    assert.equal(await waiting, "key_unknown");
  });

  test("that nobody waits for is answered by the fetch that it caused, however often it is repeated", async (t) => {
    const cold = createLookups(t);
    cold.publish(A);
    for (let count = 0; count < 3; count++) assert.equal(cold.find("x"), "fetch_needed");
    await settle();
    assert.equal(cold.find("x"), "key_unknown");
    assert.equal(cold.fetches(), 1);
    for (let count = 0; count < 3; count++) assert.equal(cold.find("y"), "fetch_needed");
    await settle();
    assert.equal(cold.find("y"), "key_unknown");
    assert.equal(cold.fetches(), 2);
  });

  test("of a fetch that never ends is our fault: unavailable at first, and stale where there are keys", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    const { alarms } = takeTimers(t);
    const ringAt = (delayMs: number): void => {
      for (const alarm of alarms) if (alarm.delayMs === delayMs) alarm.run();
    };
    const release = world.hold();
    const first = world.keys.resolve(query("a"));
    await settle();
    ringAt(6000);
    assert.deepEqual(await first, {
      kind: "refused",
      reason: "keys_unavailable",
      detail: "the source was not asked again yet",
      retryAfterSeconds: 1,
    });
    release();
    await settle();
    assert.equal(world.find("a"), "found");
    const releaseLater = world.hold();
    const second = world.resolve("x");
    const replaced = world.keys.replacement(query("a"), world.keysOf("a"));
    await settle();
    ringAt(6000);
    assert.equal(await second, "keys_stale");
    assert.deepEqual(await replaced, []);
    // Whoever has stopped waiting asks nothing any more.
    releaseLater();
    await settle();
    assert.deepEqual(world.outcomes(), []);
    assert.equal(world.fetches(), 2);
  });

  test("leaves no timer behind", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    const { delays } = takeTimers(t);
    assert.equal(await world.resolve("a"), "found");
    assert.deepEqual(delays(), [450_000]);
  });
});

describe("waiting for keys", () => {
  test("is for so many lookups at once, and for as many again once they are done", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    for (let round = 1; round <= 2; round++) {
      const release = world.hold();
      const waiting = Array.from({ length: MAX_WAITING_LOOKUPS }, () => world.resolve("a"));
      assert.equal(world.find("a"), "keys_unavailable");
      release();
      for (const found of await Promise.all(waiting)) assert.equal(found, "found");
      // Expires, so that all have to wait again.
      world.clock.advance({ seconds: 601 });
    }
    assert.equal(world.fetches(), 2);
  });

  test("is for so many lookups of unknown kids, and for no replacement beyond them", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await world.keys.ready();
    const failed = world.keysOf("a");
    const release = world.hold();
    const waiting = Array.from({ length: MAX_WAITING_LOOKUPS - 1 }, () => world.resolve("x"));
    assert.equal(world.find("x"), "fetch_needed");
    const replaced = world.keys.replacement(query("a"), failed);
    assert.ok(replaced instanceof Promise);
    assert.equal(world.find("x"), "keys_stale");
    assert.equal(world.keys.replacement(query("a"), failed), undefined);
    release();
    for (const unknown of await Promise.all(waiting)) assert.equal(unknown, "key_unknown");
    assert.deepEqual(await replaced, []);
  });
});

describe("readiness", () => {
  test("fetches once, and not where there are keys", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await Promise.all([world.keys.ready(), world.keys.ready()]);
    await world.keys.ready();
    assert.equal(world.fetches(), 1);
  });

  test("says why there are none", async (t) => {
    const world = createLookups(t);
    world.fail();
    await assert.rejects(
      world.keys.ready(),
      new Error('No usable keys of issuer "main": http_5xx: expected status 200, found 500'),
    );
    await world.keys.close();
    await assert.rejects(
      world.keys.ready(),
      new Error('No usable keys of issuer "main": the key set was closed'),
    );
    assert.deepEqual(world.keys.find(query("a")), {
      kind: "refused",
      reason: "keys_unavailable",
      detail: "the key set was closed",
    });
  });
});

describe("the replacement of a key whose signature failed", () => {
  test("is new material that is in memory already, without a fetch", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await world.keys.ready();
    const failed = world.keysOf("a");
    world.publish(createJwk("a"));
    world.clock.advance({ seconds: 451 });
    world.find("a");
    await settle();
    const replaced = await world.keys.replacement(query("a"), failed);
    assert.deepEqual(replaced, world.keysOf("a"));
    assert.notEqual(replaced?.[0]?.material, failed[0]?.material);
    assert.equal(world.fetches(), 2);
  });

  test("is waited for where a fetch is under way", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await world.keys.ready();
    const failed = world.keysOf("a");
    const release = world.hold();
    world.clock.advance({ seconds: 451 });
    world.find("a");
    world.publish(createJwk("a"));
    const replaced = world.keys.replacement(query("a"), failed);
    assert.ok(replaced instanceof Promise);
    release();
    assert.deepEqual(await replaced, world.keysOf("a"));
    assert.equal(world.fetches(), 2);
  });

  test("is none of the keys that failed, of which there may be several", async (t) => {
    const world = createLookups(t);
    world.publish(A, B);
    await world.keys.ready();
    const failed = world.keysOf(undefined);
    assert.equal(failed.length, 2);
    assert.deepEqual(await world.keys.replacement(query(undefined), failed), []);
    assert.equal(world.fetches(), 2);
    // Within the cooldown of failed signatures nothing is fetched.
    assert.equal(world.keys.replacement(query(undefined), failed), undefined);
    assert.deepEqual(
      (await world.keys.replacement(query(undefined), failed.slice(1)))?.map(({ keyId }) => keyId),
      ["a"],
    );
  });

  test("does not exist for a kid that is not there, or without keys", async (t) => {
    const world = createLookups(t);
    assert.equal(world.keys.replacement(query("a"), []), undefined);
    assert.equal(world.fetches(), 0);
    world.publish(A);
    await world.keys.ready();
    assert.deepEqual(await world.keys.replacement(query("x"), []), []);
    world.fail();
    world.clock.advance({ seconds: 90_000 });
    assert.equal(world.keys.replacement(query("a"), []), undefined);
  });

  test("is not waited for where the source cannot be asked", async (t) => {
    const world = createLookups(t);
    world.publish(A);
    await world.keys.ready();
    const failed = world.keysOf("a");
    await world.keys.close();
    assert.equal(world.keys.replacement(query("a"), failed), undefined);
  });
});

test("a closed set of keys frees whoever waits", async (t) => {
  const world = createLookups(t);
  world.hold();
  const waiting = world.resolve("a");
  await settle();
  await world.keys.close();
  assert.equal(await waiting, "keys_unavailable");
});
