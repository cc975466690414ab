import assert from "node:assert/strict";
import { test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import { ElapsedTime } from "../../src/keys/elapsed-time.ts";
import { nameFetchFailure } from "../../src/keys/fetch-failure.ts";
import { KeyCopy } from "../../src/keys/key-copy.ts";
import { MAX_NEGATIVE_ENTRIES, NegativeCache } from "../../src/keys/negative-cache.ts";
import { settleWithin } from "../../src/keys/settle-within.ts";
import { settingsOf } from "./remote-world.ts";

/** Milliseconds until the next attempt after so many failures in a row. */
function backoffMs(failures: number, random: number, retryAfterSeconds?: number): number {
  const copy = new KeyCopy({ settings: settingsOf(), algorithms: [], random: () => random });
  for (let count = 0; count < failures; count++) copy.fail(0, retryAfterSeconds);
  return copy.retryInMs(0);
}

test("the backoff doubles from one second to a minute, the last quarter at random", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 5000].map((n) => backoffMs(n, 0) / 1000),
    [0, 1, 2, 4, 8, 16, 32, 60, 60, 60],
  );
  assert.deepEqual(
    [1, 2, 7].map((n) => backoffMs(n, 1)),
    [1000, 1500, 45_000],
  );
  assert.deepEqual(
    [1, 30, 3600].map((seconds) => backoffMs(2, 0, seconds)),
    [2000, 30_000, 60_000],
  );
});

test("elapsed time follows the clock forward and never back", () => {
  let now = 1_000_000;
  const elapsed = new ElapsedTime(() => now);
  assert.equal(elapsed.now(), 0);
  now += 500;
  assert.equal(elapsed.now(), 500);
  now -= 10_000;
  assert.equal(elapsed.now(), 500);
  now += 250;
  assert.equal(elapsed.now(), 750);
  for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const before = now;
    now = nonsense;
    assert.equal(elapsed.now(), 750);
    now = before;
    assert.equal(elapsed.now(), 750);
  }
  now += 1;
  assert.equal(elapsed.now(), 751);
  // What passed while the clock gave nonsense counts.
  const before = now;
  now = Number.NaN;
  elapsed.now();
  now = before + 100;
  assert.equal(elapsed.now(), 851);
});

test("the negative cache tells algorithms and a missing kid apart and forgets the longest unused", () => {
  const cache = new NegativeCache();
  const [ed, es] = [ALGORITHMS.Ed25519, ALGORITHMS.ES256];
  cache.remember({ algorithm: ed, keyId: "a" }, 1);
  cache.remember({ algorithm: ed, keyId: undefined }, 2);
  assert.equal(cache.recall({ algorithm: ed, keyId: "a" }), 1);
  assert.equal(cache.recall({ algorithm: es, keyId: "a" }), undefined);
  assert.equal(cache.recall({ algorithm: ed, keyId: undefined }), 2);
  assert.equal(cache.recall({ algorithm: ed, keyId: "" }), undefined);
  // "a" came first, and is now the one asked for last.
  assert.equal(cache.recall({ algorithm: ed, keyId: "a" }), 1);
  for (let i = 0; i < MAX_NEGATIVE_ENTRIES - 1; i++) cache.remember({ algorithm: ed, keyId: `k${i}` }, 3);
  assert.equal(cache.recall({ algorithm: ed, keyId: undefined }), undefined);
  assert.equal(cache.recall({ algorithm: ed, keyId: "a" }), 1);
  cache.remember({ algorithm: ed, keyId: "k0" }, 4);
  assert.equal(cache.recall({ algorithm: ed, keyId: "k0" }), 4);
  cache.forget({ algorithm: ed, keyId: "a" });
  assert.equal(cache.recall({ algorithm: ed, keyId: "a" }), undefined);
});

test("failures are named by the runtime's code, wherever it stands in the chain of causes", () => {
  const named = (code: string): string => nameFetchFailure(Object.assign(new Error("x"), { code })).result;
  const expected: Readonly<Record<string, string>> = {
    ENOTFOUND: "dns",
    EAI_AGAIN: "dns",
    ECONNREFUSED: "connect",
    ECONNRESET: "connect",
    UND_ERR_SOCKET: "connect",
    UND_ERR_CONNECT_TIMEOUT: "timeout",
    ETIMEDOUT: "timeout",
    CERT_HAS_EXPIRED: "tls",
    DEPTH_ZERO_SELF_SIGNED_CERT: "tls",
    SELF_SIGNED_CERT_IN_CHAIN: "tls",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls",
    ERR_TLS_CERT_ALTNAME_INVALID: "tls",
    ERR_SSL_WRONG_VERSION_NUMBER: "tls",
    EPROTO: "tls",
    Z_DATA_ERROR: "parse",
    WHATEVER: "connect",
  };
  for (const [code, result] of Object.entries(expected)) assert.equal(named(code), result, code);
  const inner = Object.assign(new Error("x"), { code: "ENOTFOUND" });
  assert.equal(nameFetchFailure(new TypeError("fetch failed", { cause: inner })).result, "dns");
  assert.equal(nameFetchFailure(new TypeError("x", { cause: new AggregateError([inner]) })).result, "dns");
  const circular: { cause?: unknown } = {};
  circular.cause = circular;
  for (const odd of [circular, undefined, null, "text", 7, { code: 7 }, { code: "a b\nsecret" }]) {
    const failure = nameFetchFailure(odd);
    assert.equal(failure.result, "connect");
    assert.doesNotMatch(failure.detail, /secret/);
  }
});

test("waiting ends in time, with the value, the rejection or nothing", async () => {
  assert.equal(await settleWithin(Promise.resolve(7), 1000), 7);
  await assert.rejects(settleWithin(Promise.reject(new Error("no")), 1000), /no/);
  assert.equal(await settleWithin(new Promise(() => undefined), 1), undefined);
});
