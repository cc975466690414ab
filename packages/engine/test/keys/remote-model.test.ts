import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { createKeyFollower } from "../../src/keys/key-follower.ts";
import { createKeyPublisher } from "../../src/keys/key-publisher.ts";
import { OPEN_KEYS } from "../../src/keys/key-sharing.ts";
import type { KeySource } from "../../src/keys/key-source.ts";
import { createRemoteKeySet, type RemoteKeySetOptions } from "../../src/keys/remote-key-set.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { createJwk, outcome, query, settingsOf } from "./remote-world.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
const JWKS = new Map(NAMES.map((name) => [name, createJwk(name)]));
const SETTINGS = settingsOf({
  cooldownSeconds: 30,
  minRefreshSeconds: 60,
  maxRefreshSeconds: 600,
  maxStaleSeconds: 1200,
  removalGraceSeconds: 120,
});

type Step =
  | { readonly do: "publish"; readonly names: readonly (typeof NAMES)[number][] }
  | { readonly do: "fail"; readonly fails: boolean }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "ask"; readonly name: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("publish" as const), names: fc.uniqueArray(fc.constantFrom(...NAMES)) }),
  fc.record({ do: fc.constant("fail" as const), fails: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: -600, max: 900 }) }),
  fc.record({ do: fc.constant("ask" as const), name: fc.constantFrom(...NAMES, "x", "y") }),
);

/**
 * An issuer that changes its keys, fails and recovers at random, seen through time that only passes.
 * What must hold is stated against what the issuer published when, and not against how the keys are kept.
 */
test("in whatever order an issuer publishes, fails and recovers, the promises about its keys hold", async () => {
  await checkPromises((options) => [createRemoteKeySet(options)]);
});

test("the same promises hold for keys that another process fetches", async () => {
  await checkPromises((options) => {
    const publisher = createKeyPublisher({
      onChange: (issuer, keys) => void follower.accept(issuer, structuredClone(keys)).catch(assert.ifError),
    });
    const follower = createKeyFollower({ ask: (question) => publisher.answer(structuredClone(question)) });
    const source = publisher[OPEN_KEYS](options);
    return [follower[OPEN_KEYS](options), source];
  }, 100);
});

/** Opens the keys that are asked, and after them those that others wait for. */
type Open = (options: RemoteKeySetOptions) => readonly [KeySource, ...KeySource[]];

async function checkPromises(open: Open, numRuns = 300): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, random) => runSteps(steps, { random, open }),
    ),
    { numRuns },
  );
}

async function runSteps(
  steps: readonly Step[],
  { random, open }: { readonly random: number; readonly open: Open },
): Promise<void> {
  const clock = createTestClock();
  let passed = 0;
  let published: readonly string[] = [];
  let fails = false;
  const fetchedAt: number[] = [];
  const publishedUntil = new Map<string, number>();
  const succeededAt: number[] = [];
  /** When a good answer first lacked the key. */
  const missedAt = new Map<string, number>();
  const publishedAtStep = new Map<string, number>();
  let successStep = -1;
  let stepNumber = 0;
  const sources = open({
    issuer: "https://issuer.test/",
    name: "main",
    source: { jwksUri: "https://issuer.test/jwks" },
    algorithms: [ALGORITHMS.Ed25519],
    settings: SETTINGS,
    clock,
    random: () => random,
    observer: undefined,
    store: undefined,
    fetch: async () => {
      fetchedAt.push(passed);
      if (fails) return new Response("", { status: 500 });
      if (published.length > 0) {
        succeededAt.push(passed);
        for (const name of NAMES) {
          if (published.includes(name)) missedAt.delete(name);
          else missedAt.set(name, missedAt.get(name) ?? passed);
        }
        successStep = stepNumber;
      }
      return Response.json({ keys: published.map((name) => JWKS.get(name as "a")) });
    },
  });
  const [keys] = sources;
  try {
    for (const current of steps) {
      for (const name of published) publishedUntil.set(name, passed);
      stepNumber++;
      if (current.do === "publish") {
        for (const name of NAMES) if (!current.names.includes(name)) publishedAtStep.delete(name);
        for (const name of current.names)
          if (!published.includes(name)) publishedAtStep.set(name, stepNumber);
        published = current.names;
      } else if (current.do === "fail") fails = current.fails;
      else if (current.do === "wait") {
        clock.advance({ seconds: current.seconds });
        passed += Math.max(0, current.seconds);
        // Readings of the clock are what time is made of. A look at the keys is one; what it starts may end.
        for (const source of sources) source.find(query(""));
        await new Promise(setImmediate);
      } else {
        const before = fetchedAt.length;
        const answer = outcome(await keys.resolve(query(current.name)));
        checkAnswer({ name: current.name, answer, asked: passed });
        assert.ok(fetchedAt.length - before <= 2, "one shared fetch, and one of its own");
      }
      for (const name of published) publishedUntil.set(name, passed);
    }
    checkRate(fetchedAt);
  } finally {
    for (const source of sources) await source.close();
  }

  function checkAnswer({
    name,
    answer,
    asked,
  }: {
    readonly name: string;
    readonly answer: string;
    readonly asked: number;
  }): void {
    const goneFor = asked - (publishedUntil.get(name) ?? Number.NEGATIVE_INFINITY);
    const lastSuccess = succeededAt.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (answer === "found") {
      assert.ok(asked - lastSuccess < SETTINGS.maxStaleSeconds, "never used beyond the stale bound");
      const bound = SETTINGS.maxStaleSeconds + SETTINGS.removalGraceSeconds;
      assert.ok(goneFor <= bound, `a key gone for ${goneFor} s verified`);
      // Where the source never failed, a copy is used for its lifetime, and what it lost for the grace.
      if (!steps.some((one) => one.do === "fail" && one.fails) && !hasEmpty()) {
        assert.ok(asked - lastSuccess <= SETTINGS.maxRefreshSeconds, `copied ${asked - lastSuccess} s ago`);
        const missedFor = asked - (missedAt.get(name) ?? asked);
        assert.ok(missedFor <= SETTINGS.removalGraceSeconds, `missed for ${missedFor} s`);
      }
    }
    if (answer === "key_unknown") {
      assert.ok(succeededAt.length > 0, "unknown is said only with a set in memory");
      // Blame falls on the caller only where the issuer was seen without this key within the cooldown.
      assert.ok(asked - lastSuccess < SETTINGS.cooldownSeconds, `last seen ${asked - lastSuccess} s ago`);
    }
    // A key that the last good answer held verifies, and is never called unknown.
    const publishedAt = publishedAtStep.get(name);
    if (publishedAt !== undefined && publishedAt < successStep) {
      const isUsable = asked - lastSuccess < SETTINGS.maxStaleSeconds && !hasEmpty();
      assert.ok(isUsable ? answer === "found" : answer !== "key_unknown", answer);
    }
    if (!JWKS.has(name as "a")) assert.notEqual(answer, "found");
  }

  function hasEmpty(): boolean {
    return steps.some((one) => one.do === "publish" && one.names.length === 0);
  }
}

/** Over any stretch: one refresh in 45 s, one unknown kid in 30 s, retries as the backoff allows. */
function checkRate(fetchedAt: readonly number[]): void {
  for (const [i, start] of fetchedAt.entries()) {
    const inMinute = fetchedAt.slice(i).filter((at) => at - start < 60).length;
    assert.ok(inMinute <= 12, `${inMinute} fetches within a minute`);
  }
}
