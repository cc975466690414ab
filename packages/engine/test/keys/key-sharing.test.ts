import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, type TestContext, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { MAX_PENDING_QUERIES } from "../../src/keys/key-inquirer.ts";
import type { VerificationKey } from "../../src/keys/key-source.ts";
import { MAX_QUERIES, type SharedKeys } from "../../src/keys/shared-keys.ts";
import { createJwk, outcome, query } from "./remote-world.ts";
import { createSharingWorld, type Follower, type SharingWorld } from "./sharing-world.ts";

/** A world with keys "a" in every follower, and the first follower by itself. */
async function createReadyWorld(
  t: TestContext,
  options: Parameters<typeof createSharingWorld>[1] = {},
): Promise<SharingWorld & { readonly first: Follower }> {
  const world = await createSharingWorld(t, options);
  world.publish(createJwk("a"));
  await Promise.all(world.followers.map(({ keys }) => keys.ready()));
  const [first] = world.followers;
  return Object.assign(world, { first: first ?? assert.fail() });
}

function find({ keys }: Follower, keyId: string): readonly VerificationKey[] {
  const lookup = keys.find(query(keyId));
  return lookup.kind === "found" ? lookup.keys : assert.fail(outcome(lookup));
}

const never = (): Promise<never> => new Promise(() => undefined);

describe("keys that another process fetches", () => {
  test("are there for every follower after one fetch, and are then found without asking", async (t) => {
    const world = await createReadyWorld(t, { count: 4 });
    assert.deepEqual(
      world.followers.map(({ find: look }) => look("a")),
      ["found", "found", "found", "found"],
    );
    assert.equal(world.fetches(), 1);
    const asked = world.questions.length;
    for (const { find: look } of world.followers) for (let i = 0; i < 100; i++) look("a");
    assert.equal(world.questions.length, asked);
  });

  test("are the same objects as long as the document stays, so that what was made of them stays too", async (t) => {
    const { first, clock, source, ...world } = await createReadyWorld(t);
    const [before] = find(first, "a");
    clock.advance({ seconds: 3600 });
    assert.equal(await first.resolve("a"), "found");
    await source.ready();
    assert.equal(world.fetches(), 2);
    assert.equal(find(first, "a")[0], before);
  });

  test("pass every check of import: what is not fit to verify is not found", async (t) => {
    const { followers, clock } = await createSharingWorld(t);
    const [first = assert.fail()] = followers;
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
    const secret = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const until = clock.now + 60_000;
    const document = JSON.stringify({
      keys: [{ ...weak, kid: "weak" }, { ...secret, kid: "secret" }, createJwk("good")],
    });
    await first.follower.accept("main", {
      version: 1,
      documents: [document],
      heldUntil: 0,
      freshUntil: until,
      usableUntil: until,
      recentUntil: until,
      isFailing: false,
      problem: "",
    });
    assert.equal(first.find("good"), "found");
    assert.equal(first.find("secret"), "key_unsuitable");
    assert.equal(outcome(first.keys.find({ algorithm: ALGORITHMS.RS256, keyId: "weak" })), "key_unsuitable");
  });

  test("change nothing where the document is none, the version is old, or the issuer another", async (t) => {
    const { first, publisher } = await createReadyWorld(t);
    const keys = publisher.read().get("main") ?? assert.fail();
    const change = (changes: Partial<SharedKeys>): SharedKeys => ({ ...keys, ...changes });
    await first.follower.accept("main", change({ version: 9, documents: ["no json"] }));
    assert.equal(first.find("a"), "found");
    await first.follower.accept("main", change({ version: 0, usableUntil: 0 }));
    await first.follower.accept("other", change({ version: 10, usableUntil: 0 }));
    assert.equal(first.find("a"), "found");
  });

  test("are fetched again where the copy has expired, once for all followers", async (t) => {
    const { followers, clock, ...world } = await createReadyWorld(t, { count: 4 });
    clock.advance({ seconds: 3601 });
    assert.deepEqual(
      followers.map(({ find: look }) => look("a")),
      ["fetch_needed", "fetch_needed", "fetch_needed", "fetch_needed"],
    );
    const answers = await Promise.all(followers.map(({ resolve }) => resolve("a")));
    assert.deepEqual(new Set(answers), new Set(["found"]));
    assert.equal(world.fetches(), 2);
  });

  test("are used where the publisher's word came so late that they have expired again", async (t) => {
    const world = await createReadyWorld(t, { settings: { minRefreshSeconds: 1, maxRefreshSeconds: 1 } });
    world.channel = async (question) => {
      const answers = await world.publisher.answer(question);
      world.clock.advance({ seconds: 2 });
      return answers;
    };
    world.clock.advance({ seconds: 2 });
    assert.equal(await world.first.resolve("a"), "found");
    assert.equal(world.first.find("a"), "fetch_needed");
  });

  test("are used beyond their expiry while the source fails, and no longer than maxStaleSeconds", async (t) => {
    const { first, clock, server, source } = await createReadyWorld(t, {
      settings: { maxStaleSeconds: 7200 },
    });
    server.faults.set("*", { status: 500 });
    clock.advance({ seconds: 3601 });
    assert.equal(await first.resolve("a"), "found");
    assert.equal(first.find("a"), "found");
    clock.advance({ seconds: 3600 });
    assert.equal(await first.resolve("a"), "keys_unavailable");
    await source.close();
  });

  test("that their successor suddenly lacks go on counting for the grace, without anyone's help", async (t) => {
    const world = await createSharingWorld(t, { settings: { removalGraceSeconds: 300 } });
    const [first = assert.fail()] = world.followers;
    world.publish(createJwk("a"), createJwk("b"), createJwk("c"));
    await first.keys.ready();
    world.publish(createJwk("d"));
    assert.equal(await first.resolve("d"), "found");
    assert.deepEqual(["a", "b", "c", "d"].map(first.find), ["found", "found", "found", "found"]);
    // The publisher says nothing: its timers stand still here.
    world.channel = never;
    world.server.faults.set("*", { status: 500 });
    const keys = world.publisher.read().get("main") ?? assert.fail();
    await first.follower.accept("main", { ...keys, version: keys.version + 1, isFailing: true });
    world.clock.advance({ seconds: 301 });
    assert.equal(first.find("d"), "found");
    assert.notEqual(first.find("a"), "found");
  });
});

describe("a kid that a follower lacks", () => {
  test("is found by every follower after one fetch where it was published meanwhile", async (t) => {
    const { followers, ...world } = await createReadyWorld(t, { count: 4 });
    world.publish(createJwk("a"), createJwk("b"));
    const answers = await Promise.all(followers.map(({ resolve }) => resolve("b")));
    assert.deepEqual(new Set(answers), new Set(["found"]));
    assert.deepEqual(
      followers.map(({ find: look }) => look("b")),
      ["found", "found", "found", "found"],
    );
    assert.equal(world.fetches(), 2);
  });

  test("causes one fetch a cooldown in a flood through four followers, and what cannot be checked is ours", async (t) => {
    const { followers, clock, ...world } = await createReadyWorld(t, { count: 4 });
    const flood = async (): Promise<ReadonlySet<string>> => {
      const answers = followers.flatMap(({ resolve }, index) =>
        Array.from({ length: 500 }, (_, number) => resolve(`x${index}-${number}-${Math.random()}`)),
      );
      return new Set(await Promise.all(answers));
    };
    for (const fetches of [2, 2, 2]) {
      const answers = await flood();
      for (const answer of answers) assert.ok(answer === "key_unknown" || answer === "keys_stale", answer);
      assert.ok(world.fetches() <= fetches + 1, `${world.fetches()} fetches`);
    }
    const before = world.fetches();
    clock.advance({ seconds: 31 });
    await flood();
    assert.ok(world.fetches() - before <= 2, `${world.fetches() - before} fetches in the next cooldown`);
    assert.ok(world.questions.every(({ queries }) => queries.length <= MAX_QUERIES));
  });

  test("is unknown for all followers once a fetch has proved it through one, and is not asked for again", async (t) => {
    const { followers, ...world } = await createReadyWorld(t, { count: 2 });
    const [first = assert.fail(), second = assert.fail()] = followers;
    assert.equal(await first.resolve("x"), "key_unknown");
    assert.equal(await second.resolve("x"), "key_unknown");
    assert.equal(world.fetches(), 2);
    const asked = world.questions.length;
    for (const { find: look } of followers)
      for (let i = 0; i < 50; i++) assert.equal(look("x"), "key_unknown");
    assert.equal(world.questions.length, asked);
  });

  test("is 503 within the cooldown whoever asks, until a later fetch proves it unknown", async (t) => {
    const { followers, clock } = await createReadyWorld(t, { count: 2, settings: { cooldownSeconds: 30 } });
    const [first = assert.fail(), second = assert.fail()] = followers;
    assert.equal(await first.resolve("x"), "key_unknown");
    clock.advance({ seconds: 10 });
    const lookup = await second.keys.resolve(query("y"));
    assert.equal(outcome(lookup), "keys_stale");
    assert.equal(lookup.kind === "refused" && lookup.retryAfterSeconds, 20);
    clock.advance({ seconds: 21 });
    assert.equal(await first.resolve("y"), "key_unknown");
    assert.equal(await second.resolve("y"), "key_unknown");
  });

  test("is proved again once the copy is no longer recent", async (t) => {
    const { first, clock, ...world } = await createReadyWorld(t);
    await first.resolve("x");
    clock.advance({ seconds: 31 });
    assert.equal(first.find("x"), "fetch_needed");
    world.publish(createJwk("a"), createJwk("x"));
    assert.equal(await first.resolve("x"), "found");
  });

  test("that no key set could have is refused without a question that holds it", async (t) => {
    const { first, ...world } = await createReadyWorld(t);
    const asked = world.questions.length;
    assert.equal(first.find("\u0000"), "key_unknown");
    assert.equal(world.questions.length, asked);
    const cold = await createSharingWorld(t);
    cold.publish(createJwk("a"));
    const long = "k".repeat(60_000);
    assert.equal(await cold.followers[0]?.resolve(long), "key_unknown");
    assert.ok(!JSON.stringify(cold.questions).includes("kkk"));
  });

  test("is asked for once by all that wait for it, and told at once to come back where too many others wait", async (t) => {
    const world = await createReadyWorld(t);
    const { first } = world;
    const asked = world.questions.length;
    world.channel = never;
    const same = Array.from({ length: 50 }, () => first.keys.resolve(query("same")));
    assert.equal(world.questions.length, asked + 1);
    const others = Array.from({ length: 2 * MAX_PENDING_QUERIES }, (_, i) =>
      first.keys.resolve(query(`k${i}`)),
    );
    const last = await others.at(-1);
    assert.equal(last && outcome(last), "keys_stale");
    await first.keys.close();
    assert.deepEqual(
      new Set((await Promise.all([...same, ...others])).map(outcome)),
      new Set(["keys_stale"]),
    );
  });
});

describe("new material under the same kid", () => {
  test("is fetched once a cooldown for all followers, and found by each", async (t) => {
    const { followers, ...world } = await createReadyWorld(t, { count: 3 });
    const failed = followers.map((follower) => find(follower, "a"));
    world.publish(createJwk("a"));
    const found = await Promise.all(
      followers.map(async ({ keys }, index) => keys.replacement(query("a"), failed[index] ?? [])),
    );
    for (const [index, others] of found.entries()) {
      assert.equal(others?.length, 1);
      assert.notEqual(others[0]?.material, failed[index]?.[0]?.material);
    }
    assert.equal(world.fetches(), 2);
  });

  test("is not asked for by a flood of bad signatures", async (t) => {
    const { first, ...world } = await createReadyWorld(t);
    const failed = find(first, "a");
    const asked = world.questions.length;
    await Promise.all(Array.from({ length: 100 }, async () => first.keys.replacement(query("a"), failed)));
    for (let i = 0; i < 100; i++) await first.keys.replacement(query("a"), failed);
    assert.equal(world.questions.length, asked + 1);
    assert.equal(world.fetches(), 2);
  });
});

describe("a publisher that does not answer", () => {
  test("is a source that fails: keys are used until their end, unknown kids are ours, and its return ends that", async (t) => {
    const settings = { timeoutMs: 100, maxStaleSeconds: 7200 };
    const world = await createReadyWorld(t, { settings });
    const { first, clock } = world;
    world.channel = never;
    clock.advance({ seconds: 3601 });
    assert.equal(await first.resolve("a"), "found");
    assert.equal(first.find("a"), "found");
    const stale = await first.keys.resolve(query("b"));
    assert.equal(outcome(stale), "keys_stale");
    assert.match(stale.kind === "refused" ? (stale.detail ?? "") : "", /does not answer/);
    clock.advance({ seconds: 3600 });
    assert.equal(await first.resolve("a"), "keys_unavailable");
    world.channel = undefined;
    assert.equal(await first.resolve("a"), "found");
  });

  test("that refuses to be asked is no different, and ready() says why", async (t) => {
    const world = await createSharingWorld(t, { settings: { timeoutMs: 100 } });
    const [first = assert.fail()] = world.followers;
    world.channel = () => Promise.reject(new Error("the channel is closed"));
    assert.equal(await first.resolve("a"), "keys_unavailable");
    await assert.rejects(
      first.keys.ready(),
      /No usable keys of issuer "main": the process .* does not answer/,
    );
  });

  test("gives no answer for an issuer, or for more queries, than it has", async (t) => {
    const { publisher } = await createReadyWorld(t);
    const ask = { issuer: "main", version: 0, about: "lookup", queries: [] } as const;
    const queries = Array.from({ length: MAX_QUERIES + 1 }, () => ({ algorithm: "Ed25519", keyId: "a" }));
    for (const question of [
      { ...ask, issuer: "other" },
      { ...ask, queries },
    ]) {
      assert.deepEqual(
        (await publisher.answer(question)).map(({ kind }) => kind),
        ["refused"],
      );
    }
    const [odd] = await publisher.answer({ ...ask, queries: [{ algorithm: "none", keyId: "a" }] });
    assert.equal(odd?.kind, "refused");
  });
});
