import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRemoteKeys, REMOTE_BOUNDS, type RemoteKeys } from "../../src/validator/check-remote-keys.ts";
import type { ConfigurationProblem } from "../../src/validator/configuration-error.ts";
import { Place } from "../../src/validator/place.ts";

function check(options: object): {
  readonly keys: RemoteKeys;
  readonly problems: readonly ConfigurationProblem[];
} {
  const issuerPlace = new Place("issuers[0]");
  const place = issuerPlace.at("keys");
  const source = "jwksUri" in options ? {} : { discovery: true };
  const keys = checkRemoteKeys(
    { ...source, ...options },
    { place, issuer: "https://issuer.test/", issuerPlace },
  );
  return { keys, problems: place.problems };
}

function problemsOf(options: object): readonly ConfigurationProblem[] {
  return check(options).problems;
}

test("without options every setting has its documented default", () => {
  assert.deepEqual(check({}).keys, {
    source: { discovery: true },
    settings: {
      timeoutMs: 5000,
      cooldownSeconds: 30,
      minRefreshSeconds: 60,
      maxRefreshSeconds: 3600,
      maxStaleSeconds: 86_400,
      removalGraceSeconds: 300,
      maxBytes: 1_048_576,
      maxKeys: 256,
      maxRedirects: 0,
      insecureLoopbackHttp: false,
    },
    store: undefined,
  });
});

test("each number is taken from its least to its most and refused outside", () => {
  const others = { minRefreshSeconds: 1, maxRefreshSeconds: 86_400 };
  for (const [name, [least, most]] of Object.entries(REMOTE_BOUNDS)) {
    for (const value of [least, most])
      assert.deepEqual(problemsOf({ ...others, [name]: value }), [], `${name} ${value}`);
    for (const value of [
      least - 1,
      most + 1,
      least + 0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "30",
      null,
      {},
    ]) {
      const found = problemsOf({ ...others, [name]: value });
      assert.ok(
        found.some(({ path }) => path === `issuers[0].keys.${name}`),
        `${name} ${typeof value} ${JSON.stringify(value)}`,
      );
    }
  }
});

test("all problems are told at once, with what to do and without repeating values that are text", () => {
  const found = problemsOf({
    timeoutMs: "secret",
    maxKeys: 0,
    insecureLoopbackHttp: "yes",
    cacheFile: "",
    jwksUri: "https://user:secret@issuer.test/",
  });
  assert.deepEqual(
    found.map(({ path }) => path.split(".").at(-1)),
    ["timeoutMs", "maxKeys", "insecureLoopbackHttp", "jwksUri", "cacheFile"],
  );
  for (const { problem, remedy } of found) {
    assert.ok(problem.length > 0 && remedy.length > 0);
    assert.doesNotMatch(problem + remedy, /secret/);
  }
});

test("the least refresh interval cannot be longer than the most", () => {
  assert.equal(problemsOf({ minRefreshSeconds: 3601 }).length, 1);
  assert.equal(problemsOf({ minRefreshSeconds: 3600 }).length, 0);
});

test("only one of cacheFile and store, and a store must be one", () => {
  const store = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };
  assert.equal(problemsOf({ store }).length, 0);
  assert.equal(problemsOf({ store, cacheFile: "keys.json" }).length, 1);
  for (const wrong of [null, "file", {}, { read: store.read }])
    assert.equal(problemsOf({ store: wrong }).length, 1);
});

test("http is admitted for loopback with the flag only", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.0.9", "[::1]", "0x7f.1", "2130706433"]) {
    const jwksUri = `http://${host}:8080/jwks`;
    assert.equal(problemsOf({ jwksUri }).length, 1, host);
    assert.equal(problemsOf({ jwksUri, insecureLoopbackHttp: true }).length, 0, host);
  }
  for (const host of [
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "10.0.0.1",
    "[::ffff:7f00:1]",
    "localhost.",
    "0.0.0.0",
  ]) {
    assert.equal(problemsOf({ jwksUri: `http://${host}/jwks`, insecureLoopbackHttp: true }).length, 1, host);
  }
});

test("a jwksUri of another scheme, with credentials, white space or no URL at all is refused", () => {
  for (const jwksUri of [
    "ftp://h.test/",
    "file:///etc/passwd",
    "data:,{}",
    "//h.test/jwks",
    "https://",
    "https://u@h.test/",
    " https://h.test/",
    "https://h.test/\n",
    "https://h.test/a b",
    `https://h.test/${"a".repeat(2048)}`,
    7,
    null,
  ]) {
    assert.equal(problemsOf({ jwksUri }).length, 1, String(jwksUri));
  }
  assert.equal(problemsOf({ jwksUri: "https://h.test/jwks" }).length, 0);
});
