/** What becomes of remembered signatures when their keys change, asked of a real key server. */

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { createValidator, type EngineEvent, type JsonObject, type ValidatorOptions } from "countersign";
import {
  createTestClock,
  createTestIssuer,
  createTestKey,
  type KeyServer,
  type TestClock,
  type TestIssuer,
  type TestKey,
} from "countersign/testing";

const COOLDOWN_SECONDS = 30;
const LIFETIME_SECONDS = 300;
const MAX_STALE_SECONDS = 600;
/** Far more than any fetch here takes. */
const PATIENCE_MS = 4000;

interface World {
  readonly clock: TestClock;
  readonly server: KeyServer;
  /** The key that the issuer begins with, and another one that stays published all the time. */
  readonly first: TestKey;
  readonly second: TestKey;
  /** A token that lives for an hour. */
  sign(key: TestKey, header?: JsonObject): Promise<string>;
  publish(...keys: readonly TestKey[]): void;
  /** "ok" or the reason, and "remembered" where that came of what is remembered. */
  ask(token: string): Promise<string>;
  fetches(): number;
  /** Lets time pass until the copy of the keys is refreshed, and waits for that. */
  refresh(token: string): Promise<void>;
}

async function openWorld(
  t: TestContext,
  signatureCache?: ValidatorOptions["signatureCache"],
): Promise<World> {
  const clock = createTestClock();
  const issuer: TestIssuer = await createTestIssuer({ algorithms: ["ES256"], clock, serve: true });
  const server = issuer.server as KeyServer;
  const second = await createTestKey("ES256");
  const options = issuer.validatorOptions("jwksUri");
  let told = false;
  let ended = 0;
  const validator = createValidator({
    issuers: [
      {
        ...options,
        keys: {
          ...options.keys,
          cooldownSeconds: COOLDOWN_SECONDS,
          minRefreshSeconds: 1,
          maxRefreshSeconds: LIFETIME_SECONDS,
          maxStaleSeconds: MAX_STALE_SECONDS,
          removalGraceSeconds: 0,
        },
      },
    ],
    clock,
    ...(signatureCache !== undefined && { signatureCache }),
    observer: (event: EngineEvent) => {
      if (event.type === "validation_finished") told = event.remembered;
      if (event.type === "keys_fetch_finished") ended++;
    },
  });
  t.after(async () => {
    await validator.close();
    await issuer.close();
  });
  const world: World = {
    clock,
    server,
    first: issuer.key(),
    second,
    sign: (key, header = {}) => issuer.sign({ exp: Math.floor(clock.now / 1000) + 3600 }, { key, header }),
    publish: (...keys) =>
      void server.documents.set("/jwks", { keys: keys.map(({ publicJwk }) => publicJwk) }),
    ask: async (token) => {
      const verdict = await validator.validate(token);
      const name = verdict.ok ? "ok" : verdict.reason;
      return told ? `${name} remembered` : name;
    },
    fetches: () => server.countRequests("/jwks"),
    refresh: async (token) => {
      const before = ended;
      clock.advance({ seconds: LIFETIME_SECONDS * 0.95 });
      await world.ask(token);
      const giveUpAt = Date.now() + PATIENCE_MS;
      while (ended === before) {
        assert.ok(Date.now() < giveUpAt, "no fetch ended");
        await new Promise(setImmediate);
      }
    },
  };
  world.publish(world.first, second);
  await validator.ready();
  return world;
}

async function askTimes({ ask }: World, token: string, times: number): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let time = 0; time < times; time++) answers.push(await ask(token));
  return answers;
}

const OK = ["ok", "ok", "ok remembered"];
const BAD = ["signature_invalid", "signature_invalid", "signature_invalid remembered"];

describe("a remembered token", () => {
  test("goes with its key, and is not remembered when the key comes back", async (t) => {
    const world = await openWorld(t);
    const { first, second } = world;
    const token = await world.sign(first);
    assert.deepEqual(await askTimes(world, token, 3), OK);
    world.publish(second);
    await world.refresh(token);
    assert.deepEqual(await askTimes(world, token, 3), ["key_unknown", "key_unknown", "key_unknown"]);
    world.publish(first, second);
    world.clock.advance({ seconds: COOLDOWN_SECONDS + 1 });
    assert.deepEqual(await askTimes(world, token, 3), OK);
  });

  test("goes with another key under the same kid, and that one's tokens pass", async (t) => {
    const world = await openWorld(t);
    const { first, second } = world;
    const [old, other] = [await world.sign(first), await world.sign(second)];
    for (const token of [old, other]) assert.deepEqual(await askTimes(world, token, 3), OK);
    const replaced = await createTestKey("ES256", { keyId: first.keyId });
    world.publish(replaced, second);
    // Its tokens bring the new key at once, with one fetch.
    const fetches = world.fetches();
    assert.deepEqual(await askTimes(world, await world.sign(replaced), 3), OK);
    assert.equal(world.fetches(), fetches + 1);
    assert.deepEqual(await askTimes(world, old, 3), BAD);
    assert.equal(await world.ask(other), "ok remembered", "a key that stayed is the same after a fetch");
    assert.equal(world.fetches(), fetches + 1);
  });

  test("without kid is judged anew when a key is added or goes", async (t) => {
    const world = await openWorld(t);
    const { first, second } = world;
    const token = await world.sign(first, { kid: undefined });
    assert.deepEqual(await askTimes(world, token, 3), OK);
    world.publish(first, second, await createTestKey("ES256"));
    await world.refresh(token);
    assert.deepEqual(await askTimes(world, token, 3), OK);
    world.publish(second);
    await world.refresh(token);
    assert.deepEqual(await askTimes(world, token, 3), BAD);
  });

  test("stays remembered while the keys are fetched anew and are the same", async (t) => {
    const world = await openWorld(t);
    const token = await world.sign(world.first);
    await askTimes(world, token, 2);
    for (let round = 0; round < 5; round++) {
      await world.refresh(token);
      assert.equal(await world.ask(token), "ok remembered");
    }
    assert.equal(world.fetches(), 6);
  });

  test("is refused where the keys are too old, as a fault of ours, and passes again with them", async (t) => {
    const world = await openWorld(t);
    const token = await world.sign(world.first);
    assert.deepEqual(await askTimes(world, token, 3), OK);
    world.server.faults.set("/jwks", { status: 500 });
    await world.refresh(token);
    world.clock.advance({ seconds: LIFETIME_SECONDS });
    assert.equal(await world.ask(token), "ok remembered", "within the bound of what is stale");
    world.clock.advance({ seconds: MAX_STALE_SECONDS });
    assert.deepEqual(await askTimes(world, token, 2), ["keys_unavailable", "keys_unavailable"]);
    world.server.faults.clear();
    world.clock.advance({ seconds: 61 });
    assert.deepEqual(await askTimes(world, token, 3), OK);
  });
});

for (const signatureCache of [undefined, "off"] as const) {
  const isOff = signatureCache === "off";

  describe(`a bad signature, ${isOff ? "checked each time" : "remembered"}`, () => {
    const remembered = (answers: readonly string[]): readonly string[] =>
      isOff ? answers.map((answer) => answer.replace(" remembered", "")) : answers;

    test("becomes good with the key that it needs, after one fetch in each cooldown", async (t) => {
      const world = await openWorld(t, signatureCache);
      const replaced = await createTestKey("ES256", { keyId: world.first.keyId });
      const token = await world.sign(replaced);
      assert.equal(world.fetches(), 1);
      assert.deepEqual(await askTimes(world, token, 5), remembered([...BAD, BAD[2] ?? "", BAD[2] ?? ""]));
      assert.equal(world.fetches(), 2, "one to look for another key, and no more in the cooldown");
      world.clock.advance({ seconds: COOLDOWN_SECONDS - 1 });
      await askTimes(world, token, 3);
      assert.equal(world.fetches(), 2);
      world.clock.advance({ seconds: 1 });
      assert.equal((await askTimes(world, token, 3))[0], "signature_invalid");
      assert.equal(world.fetches(), 3);
      world.publish(replaced, world.second);
      assert.match(await world.ask(token), /^signature_invalid/);
      assert.equal(world.fetches(), 3, "the cooldown holds for what is remembered too");
      world.clock.advance({ seconds: COOLDOWN_SECONDS });
      assert.deepEqual(await askTimes(world, token, 3), remembered(OK));
      assert.equal(world.fetches(), 4);
    });

    test("becomes good at once with a key that somebody else's token brought", async (t) => {
      const world = await openWorld(t, signatureCache);
      const replaced = await createTestKey("ES256", { keyId: world.first.keyId });
      const [token, unknown] = [await world.sign(replaced), await createTestKey("ES256")];
      assert.deepEqual(await askTimes(world, token, 3), remembered(BAD));
      world.publish(replaced, world.second, unknown);
      assert.equal(await world.ask(await world.sign(unknown)), "ok");
      const fetches = world.fetches();
      assert.deepEqual(await askTimes(world, token, 3), remembered(OK));
      assert.equal(world.fetches(), fetches);
    });

    test("of a thousand at once costs one fetch", async (t) => {
      const world = await openWorld(t, signatureCache);
      const replaced = await createTestKey("ES256", { keyId: world.first.keyId });
      const token = await world.sign(replaced);
      await askTimes(world, token, 3);
      world.publish(replaced, world.second);
      world.clock.advance({ seconds: COOLDOWN_SECONDS });
      const fetches = world.fetches();
      const answers = await Promise.all(Array.from({ length: 1000 }, () => world.ask(token)));
      assert.deepEqual([...new Set(answers.map((answer) => answer.split(" ")[0]))], ["ok"]);
      assert.equal(world.fetches(), fetches + 1);
    });
  });
}
