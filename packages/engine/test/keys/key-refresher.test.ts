import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { KeyRefresher } from "../../src/keys/key-refresher.ts";
import type { RemoteKeySetOptions, RemoteKeySettings } from "../../src/keys/remote-options.ts";
import type { EngineEvent } from "../../src/ports.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";
import { type Answer, createDocumentSource, type DocumentSource, hang } from "./document-source.ts";
import { createJwk, type Jwk, outcome, query, settingsOf } from "./remote-world.ts";
import { takeTimers } from "./take-timers.ts";

const JWKS = "https://idp.example/jwks";
const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);
const [A, B] = [createJwk("a"), createJwk("b")];

interface Refreshing {
  readonly refresher: KeyRefresher;
  readonly clock: TestClock;
  readonly documents: DocumentSource;
  readonly events: EngineEvent[];
  answer(answer: Answer): void;
  publish(...keys: readonly Jwk[]): void;
  /** Starts a fetch and waits for its end. */
  fetch(): Promise<void>;
  told<T extends EngineEvent["type"]>(type: T): readonly Extract<EngineEvent, { type: T }>[];
}

function createRefreshing(
  t: TestContext,
  options: Partial<Omit<RemoteKeySetOptions, "settings">> & {
    readonly settings?: Partial<RemoteKeySettings>;
  } = {},
): Refreshing {
  const { settings, ...rest } = options;
  const documents = createDocumentSource();
  const clock = createTestClock(NOW);
  const events: EngineEvent[] = [];
  const refresher = new KeyRefresher({
    issuer: "https://idp.example/",
    name: "main",
    source: { jwksUri: JWKS },
    algorithms: [ALGORITHMS.Ed25519, ALGORITHMS.ES256],
    settings: settingsOf(settings),
    fetch: documents.fetch,
    clock,
    observer: (event) => void events.push(event),
    store: undefined,
    random: () => 0,
    ...rest,
  });
  t.after(() => refresher.close());
  const answer = (next: Answer): void => void documents.answers.set(JWKS, next);
  return {
    refresher,
    clock,
    documents,
    events,
    answer,
    publish: (...keys) => answer(() => Response.json({ keys })),
    fetch: async () => {
      refresher.start(refresher.now());
      await refresher.underWay;
    },
    told: <T extends EngineEvent["type"]>(type: T) =>
      events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type),
  };
}

function has({ refresher }: Refreshing, keyId: string): boolean {
  const { set } = refresher.copy;
  return set !== undefined && outcome(set.find(query(keyId))) === "found";
}

describe("a fetch under way", () => {
  test("is the only one, until it has taken a second more than its timeout", async (t) => {
    const refreshing = createRefreshing(t, { settings: { timeoutMs: 2000 } });
    const { refresher, documents } = refreshing;
    refreshing.answer(hang);
    assert.equal(refresher.canFetch(0), true);
    assert.equal(refresher.isFlying(0), false);
    assert.equal(refresher.underWay, undefined);
    refresher.start(0);
    assert.equal(refresher.flights, 1);
    assert.ok((refresher.underWay as unknown) instanceof Promise);
    await new Promise(setImmediate);
    const signal = documents.requests[0]?.init.signal;
    for (const now of [0, 2000, 3000]) {
      assert.equal(refresher.isFlying(now), true);
      assert.equal(refresher.canFetch(now), false);
    }
    assert.equal(signal?.aborted, false);
    assert.equal(refresher.isFlying(3001), false);
    assert.equal(signal?.aborted, true);
    assert.equal(refresher.canFetch(3001), true);
    await new Promise(setImmediate);
    // Given up by us, so not the source's failure.
    assert.deepEqual(refreshing.events, []);
  });

  test("changes nothing any more where another was started instead", async (t) => {
    const refreshing = createRefreshing(t, { settings: { timeoutMs: 2000 } });
    const { refresher, clock } = refreshing;
    refreshing.answer(hang);
    refresher.start(0);
    await new Promise(setImmediate);
    clock.advance({ ms: 3001 });
    assert.equal(refresher.isFlying(refresher.now()), false);
    refreshing.publish(B);
    await refreshing.fetch();
    await new Promise(setImmediate);
    assert.deepEqual(
      refreshing.told("keys_fetch_finished").map(({ result }) => result),
      ["success"],
    );
    assert.equal(refresher.copy.retryInMs(refresher.now()), 0);
    assert.equal(has(refreshing, "b"), true);
  });

  test("is given up at close, after which none starts", async (t) => {
    const refreshing = createRefreshing(t);
    const { refresher, documents } = refreshing;
    refreshing.answer(hang);
    refresher.start(0);
    await new Promise(setImmediate);
    assert.equal(refresher.isClosed, false);
    await refresher.close();
    assert.equal(documents.requests[0]?.init.signal.aborted, true);
    assert.equal(refresher.isClosed, true);
    assert.equal(refresher.canFetch(0), false);
    assert.equal(refresher.underWay, undefined);
    assert.equal(refresher.describeFailure(), "the key set was closed");
    refresher.refresh(1e9);
    assert.equal(refresher.flights, 1);
    await refresher.close();
    assert.deepEqual(refreshing.events, []);
  });
});

describe("what is told of a fetch", () => {
  test("that brought keys is all of it, in order", async (t) => {
    const refreshing = createRefreshing(t);
    const { clock } = refreshing;
    refreshing.answer(() => {
      clock.advance({ ms: 250 });
      const headers = { date: new Date(NOW + 60_000).toUTCString(), "cache-control": "max-age=900" };
      return Response.json({ keys: [A, { kty: "oct" }, B] }, { headers });
    });
    clock.advance({ ms: 1000 });
    await refreshing.fetch();
    const [, refused] = refreshing.events;
    assert.equal(refused?.type, "key_refused");
    assert.equal(refused.index, 1);
    assert.match(refused.problem, /^a symmetric key/);
    assert.deepEqual(refreshing.events, [
      { type: "clock_difference_measured", issuer: "main", seconds: 59 },
      refused,
      {
        type: "keys_fetch_finished",
        issuer: "main",
        result: "success",
        detail: undefined,
        maxAgeSeconds: 900,
        durationMs: 250,
        usableUntil: NOW + 1000 + 86_400_000,
      },
      {
        type: "key_set_changed",
        issuer: "main",
        added: [
          { keyId: "a", algorithm: "Ed25519" },
          { keyId: "b", algorithm: "Ed25519" },
        ],
        removed: [],
      },
    ]);
    assert.equal(refreshing.refresher.describeFailure(), "the source was not asked again yet");
  });

  test("that brought nothing new is its end alone", async (t) => {
    const refreshing = createRefreshing(t);
    refreshing.publish(A, { kty: "oct" });
    await refreshing.fetch();
    refreshing.events.length = 0;
    await refreshing.fetch();
    assert.deepEqual(
      refreshing.events.map(({ type }) => type),
      ["keys_fetch_finished"],
    );
  });

  test("that failed is its name, and nothing of keys that are not there", async (t) => {
    const refreshing = createRefreshing(t);
    refreshing.answer(() => new Response("", { status: 500 }));
    await refreshing.fetch();
    assert.deepEqual(refreshing.events, [
      {
        type: "keys_fetch_finished",
        issuer: "main",
        result: "http_5xx",
        detail: "expected status 200, found 500",
        maxAgeSeconds: undefined,
        durationMs: 0,
        usableUntil: undefined,
      },
    ]);
    assert.equal(refreshing.refresher.describeFailure(), "http_5xx: expected status 200, found 500");
    refreshing.publish(A);
    await refreshing.fetch();
    assert.equal(refreshing.refresher.describeFailure(), "the source was not asked again yet");
  });

  test("that failed while there are keys raises no suspicion", async (t) => {
    const refreshing = createRefreshing(t);
    refreshing.publish(A);
    await refreshing.fetch();
    refreshing.answer(() => new Response("", { status: 500, headers: { "retry-after": "20" } }));
    await refreshing.fetch();
    assert.deepEqual(refreshing.told("key_set_suspicious"), []);
    assert.equal(refreshing.refresher.copy.retryInMs(0), 20_000);
    assert.equal(refreshing.told("keys_fetch_finished")[1]?.usableUntil, NOW + 86_400_000);
  });

  test("without usable keys says what it found", async (t) => {
    for (const [keys, detail] of [
      [[], "expected at least one key, found none"],
      [
        [
          { ...A, use: "enc" },
          { ...B, use: "enc" },
        ],
        'expected a usable key, found 2 that are not; key 0: "use" is "enc", not "sig"',
      ],
    ] as const) {
      const refreshing = createRefreshing(t);
      refreshing.publish(...keys);
      await refreshing.fetch();
      const [ended] = refreshing.told("keys_fetch_finished");
      assert.deepEqual([ended?.result, ended?.detail], ["empty", detail]);
      assert.deepEqual(refreshing.told("key_set_suspicious"), []);
    }
  });

  test("that lost keys is a suspicion once, with the numbers", async (t) => {
    const refreshing = createRefreshing(t);
    refreshing.publish(A, B, createJwk("c"));
    await refreshing.fetch();
    refreshing.publish(A);
    await refreshing.fetch();
    await refreshing.fetch();
    refreshing.publish();
    await refreshing.fetch();
    assert.deepEqual(refreshing.told("key_set_suspicious"), [
      { type: "key_set_suspicious", issuer: "main", keysBefore: 3, keysAfter: 1 },
    ]);
    const other = createRefreshing(t);
    other.publish(A);
    await other.fetch();
    other.publish();
    await other.fetch();
    await other.fetch();
    assert.deepEqual(other.told("key_set_suspicious"), [
      { type: "key_set_suspicious", issuer: "main", keysBefore: 1, keysAfter: 0 },
    ]);
  });

  test("that replaced a key in place names it as removed and as added", async (t) => {
    const refreshing = createRefreshing(t);
    refreshing.publish(A);
    await refreshing.fetch();
    refreshing.publish(createJwk("a"));
    await refreshing.fetch();
    const summary = [{ keyId: "a", algorithm: "Ed25519" }];
    assert.deepEqual(refreshing.told("key_set_changed")[1], {
      type: "key_set_changed",
      issuer: "main",
      added: summary,
      removed: summary,
    });
  });

  test("changes nothing by being told to somebody who throws", async (t) => {
    const refreshing = createRefreshing(t, {
      observer: () => {
        throw new Error("observer");
      },
    });
    refreshing.publish(A);
    await refreshing.fetch();
    assert.equal(has(refreshing, "a"), true);
  });
});

describe("a refresh", () => {
  test("fetches where one is due and ends what is held back in time", async (t) => {
    const refreshing = createRefreshing(t, {
      settings: { removalGraceSeconds: 10, minRefreshSeconds: 1000 },
    });
    const { refresher, clock } = refreshing;
    refreshing.publish(A, B, createJwk("c"));
    await refreshing.fetch();
    refresher.refresh(refresher.now());
    assert.equal(refresher.flights, 1);
    refreshing.publish(A);
    await refreshing.fetch();
    assert.equal(refreshing.told("key_set_changed").length, 1);
    clock.advance({ seconds: 10 });
    refresher.refresh(refresher.now());
    assert.equal(has(refreshing, "b"), false);
    assert.deepEqual(
      refreshing.told("key_set_changed")[1]?.removed.map(({ keyId }) => keyId),
      ["b", "c"],
    );
    assert.equal(refresher.flights, 3);
    await refresher.underWay;
    refresher.refresh(refresher.now());
    assert.equal(refreshing.told("key_set_changed").length, 2);
  });
});

describe("the timer", () => {
  test("rings when the copy is due, and again where the clock stood still", async (t) => {
    const refreshing = createRefreshing(t);
    const { refresher, clock } = refreshing;
    const { alarms, delays } = takeTimers(t);
    const ring = (): void => {
      const [alarm] = alarms;
      assert.ok(alarm !== undefined && alarms.size === 1);
      alarms.delete(alarm);
      alarm.run();
    };
    refreshing.publish(A);
    refresher.start(0);
    await Promise.resolve();
    assert.deepEqual(delays(), [5000]);
    await refresher.underWay;
    assert.deepEqual(delays(), [450_000]);
    ring();
    assert.deepEqual(delays(), [450_000]);
    clock.advance({ seconds: 440 });
    ring();
    assert.deepEqual(delays(), [10_000]);
    clock.advance({ seconds: 9.5 });
    ring();
    // Never sooner than a second.
    assert.deepEqual(delays(), [1000]);
    assert.equal(refresher.flights, 1);
    clock.advance({ seconds: 0.5 });
    ring();
    assert.equal(refresher.flights, 2);
    await refresher.underWay;
    assert.deepEqual(delays(), [450_000]);
    refreshing.answer(hang);
    refresher.start(refresher.now());
    await Promise.resolve();
    // Only the bound of the fetch: nothing is due while it is under way.
    assert.deepEqual(delays(), [5000]);
  });

  test("is set for no longer than timers can be, and for nothing after close", async (t) => {
    const seconds = 10_000_000;
    const refreshing = createRefreshing(t, {
      settings: { minRefreshSeconds: seconds, maxRefreshSeconds: seconds },
    });
    const { refresher } = refreshing;
    const { delays } = takeTimers(t);
    refreshing.publish(A);
    await refreshing.fetch();
    assert.deepEqual(delays(), [2 ** 31 - 1]);
    await refresher.close();
    assert.deepEqual(delays(), []);
  });
});

describe("the stored set", () => {
  interface Storing extends Refreshing {
    readonly written: string[];
  }

  /** The store holds `A`, confirmed so long ago, and forgets what is written. */
  function createStoring(t: TestContext, ageMs: number, settings: Partial<RemoteKeySettings> = {}): Storing {
    const written: string[] = [];
    const owner = { version: 1, issuer: "https://idp.example/", source: JWKS };
    const stored = { ...owner, fetchedAt: NOW - ageMs, document: JSON.stringify({ keys: [A] }) };
    const store = {
      read: () => Promise.resolve(JSON.stringify(stored)),
      write: async (text: string) => void written.push(text),
    };
    return { ...createRefreshing(t, { store, settings }), written };
  }

  const broken: Answer = () => new Response("", { status: 500 });

  test("is taken where the first fetch fails, and told", async (t) => {
    const storing = createStoring(t, 60_000, { maxStaleSeconds: 100 });
    storing.answer(broken);
    await storing.fetch();
    assert.equal(has(storing, "a"), true);
    assert.deepEqual(
      storing.events.map(({ type }) => type),
      ["key_set_changed", "keys_fetch_finished"],
    );
    assert.deepEqual(storing.told("key_set_changed")[0]?.added, [{ keyId: "a", algorithm: "Ed25519" }]);
    assert.equal(storing.told("keys_fetch_finished")[0]?.usableUntil, NOW + 40_000);
    assert.equal(storing.refresher.copy.isServing(39_999), true);
    assert.equal(storing.refresher.copy.isServing(40_000), false);
  });

  test("is not taken where it is too old", async (t) => {
    for (const [ageMs, taken] of [
      [0, true],
      [99_999, true],
      [100_000, false],
    ] as const) {
      const storing = createStoring(t, ageMs, { maxStaleSeconds: 100 });
      storing.answer(broken);
      await storing.fetch();
      assert.equal(has(storing, "a"), taken, `${ageMs}`);
      assert.equal(storing.told("key_set_changed").length, taken ? 1 : 0);
      assert.deepEqual(storing.told("keys_store_failed"), []);
    }
  });

  test("is not taken where keys were fetched", async (t) => {
    const storing = createStoring(t, 0);
    storing.publish(B);
    await storing.fetch();
    storing.answer(broken);
    await storing.fetch();
    assert.deepEqual([has(storing, "a"), has(storing, "b")], [false, true]);
  });

  test("is not taken once closed, though the store answers late", async (t) => {
    let answer: (text: string) => void = assert.fail;
    const read = (): Promise<string> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const refreshing = createRefreshing(t, { store: { read, write: () => Promise.resolve() } });
    refreshing.answer(broken);
    refreshing.refresher.start(0);
    await new Promise(setImmediate);
    const closing = refreshing.refresher.close();
    const owner = { version: 1, issuer: "https://idp.example/", source: JWKS };
    answer(JSON.stringify({ ...owner, fetchedAt: NOW, document: JSON.stringify({ keys: [A] }) }));
    await closing;
    await new Promise(setImmediate);
    assert.deepEqual(refreshing.events, []);
    assert.equal(refreshing.refresher.copy.set, undefined);
  });

  test("is written with the time at which the fetch started", async (t) => {
    const storing = createStoring(t, 0);
    storing.answer(() => {
      storing.clock.advance({ ms: 700 });
      return Response.json({ keys: [B] });
    });
    await storing.fetch();
    await storing.refresher.close();
    assert.deepEqual(
      storing.written.map((text) => JSON.parse(text)),
      [
        {
          version: 1,
          issuer: "https://idp.example/",
          source: JWKS,
          fetchedAt: NOW,
          document: JSON.stringify({ keys: [B] }),
        },
      ],
    );
  });

  test("is told with what is wrong with it", async (t) => {
    const good = {
      version: 1,
      issuer: "https://idp.example/",
      source: JWKS,
      fetchedAt: NOW,
      document: JSON.stringify({ keys: [A] }),
    };
    const size = "expected text no larger than maxBytes allows";
    const shape = "what is stored has no document or no time in the past";
    const rows: readonly (readonly [content: unknown, detail: string])[] = [
      [7, size],
      ["x".repeat(10_241), size],
      ["{", "expected strict JSON: no member name at position 1"],
      [[], "expected a JSON object"],
      [{ ...good, version: 2 }, "what is stored has another version"],
      [{ ...good, issuer: "x" }, "what is stored has another issuer"],
      [{ ...good, source: "discovery" }, "what is stored has another source"],
      [{ ...good, fetchedAt: NOW + 1 }, shape],
      [{ ...good, fetchedAt: "1" }, shape],
      [{ ...good, document: {} }, shape],
      [{ ...good, document: '{"keys":[]}' }, "expected at least one key, found none"],
      [{ ...good, document: "[]" }, "expected a JSON object"],
      [new Error("no disk"), "no disk"],
      ["fail with text", "the store failed"],
    ];
    for (const [content, detail] of rows) {
      const read = async (): Promise<string> => {
        // Whoever implements a store may throw anything.
        // oxlint-disable-next-line typescript/only-throw-error
        if (content === "fail with text" || content instanceof Error) throw content;
        return typeof content === "object" ? JSON.stringify(content) : (content as string);
      };
      const store = { read, write: () => Promise.resolve() };
      const refreshing = createRefreshing(t, { store, settings: { maxBytes: 1024 } });
      refreshing.answer(broken);
      await refreshing.fetch();
      assert.deepEqual(refreshing.told("keys_store_failed"), [
        { type: "keys_store_failed", issuer: "main", operation: "read", detail },
      ]);
    }
  });

  test("may have twice the octets of a key set and 8192 more, for what quoting adds", async (t) => {
    const owner = { version: 1, issuer: "https://idp.example/", source: JWKS };
    const text = JSON.stringify({ ...owner, fetchedAt: NOW, document: JSON.stringify({ keys: [A] }) });
    const read = (): Promise<string> => Promise.resolve(text.padEnd(2 * 1024 + 8192));
    const store = { read, write: () => Promise.resolve() };
    const refreshing = createRefreshing(t, { store, settings: { maxBytes: 1024 } });
    refreshing.answer(broken);
    await refreshing.fetch();
    assert.equal(has(refreshing, "a"), true);
  });

  test("that cannot be written is told, and stops nothing", async (t) => {
    const write = (): Promise<void> => Promise.reject(new Error("no disk"));
    const refreshing = createRefreshing(t, { store: { read: () => Promise.resolve(undefined), write } });
    refreshing.publish(A);
    await refreshing.fetch();
    await refreshing.refresher.close();
    assert.deepEqual(refreshing.told("keys_store_failed"), [
      { type: "keys_store_failed", issuer: "main", operation: "write", detail: "no disk" },
    ]);
    assert.equal(has(refreshing, "a"), true);
  });

  test("belongs to a discovered source as such", async (t) => {
    const written: string[] = [];
    const store = {
      read: () => Promise.resolve(undefined),
      write: async (text: string) => void written.push(text),
    };
    const documents = createDocumentSource();
    documents.answers.set("https://idp.example/.well-known/openid-configuration", () =>
      Response.json({ issuer: "https://idp.example/", jwks_uri: JWKS }),
    );
    documents.answers.set(JWKS, () => Response.json({ keys: [A] }));
    const { fetch } = documents;
    const refreshing = createRefreshing(t, { store, source: { discovery: true }, fetch });
    await refreshing.fetch();
    await refreshing.refresher.close();
    assert.deepEqual(
      written.map((text) => (JSON.parse(text) as { source: string }).source),
      ["discovery"],
    );
    assert.deepEqual(refreshing.told("keys_store_failed"), []);
  });
});
