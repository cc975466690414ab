import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { hashConfiguration } from "../../src/config/hash-configuration.ts";
import { readConfiguration } from "../../src/config/parse-configuration.ts";

const SECRET = "Bearer of this sidecar";
const PUSH = { push: { authorization: SECRET } };
const POLL = { endpoint: "https://events.test/poll", authorization: SECRET };
const own = { name: "own", issuer: "main", audiences: ["https://here.test"] };
const ec = exportKey(generateKeyPairSync("ec", { namedCurve: "P-256" }));
const list = { issuer: "main", uri: "https://status.test/lists", privateKey: ec, keyId: "k" };

/** An issuer whose tokens are asked about, and which signs nothing. */
const OPAQUE = {
  issuers: [
    {
      issuer: "https://id.test/",
      name: "main",
      audiences: ["https://api.test"],
      introspection: { endpoint: "https://id.test/introspect", clientId: "c", clientSecret: "s" },
    },
  ],
};

function exportKey({ privateKey }: { readonly privateKey: KeyObject }): string {
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}

interface Sources {
  readonly env?: Record<string, string>;
  readonly baseDir?: string;
}

function read(
  parts: object,
  { env = {}, baseDir = "/" }: Sources = {},
): ReturnType<typeof readConfiguration> {
  const issuer = {
    issuer: "https://id.test/",
    name: "main",
    audiences: ["https://api.test"],
    keys: { discovery: true },
  };
  const whole = {
    issuers: [issuer],
    routes: [{ path: "/**", allow: "authenticated" }],
    revocation: { store: "memory" },
    ...parts,
  };
  return readConfiguration(JSON.stringify(whole), { env, baseDir });
}

function findProblems(parts: object): readonly string[] {
  const reading = read(parts);
  return reading.ok ? [] : reading.problems.map(({ path: at, problem }) => `${at}: ${problem}`);
}

const transmit = (...transmitters: readonly object[]): object => ({ signals: { transmitters } });

describe("signals in a configuration", () => {
  it("have their bounds by default", () => {
    const reading = read(transmit({ ...own, poll: POLL }));
    assert.ok(reading.ok);
    const [transmitter] = reading.configuration.signals?.transmitters ?? [];
    assert.deepEqual(transmitter?.poll, {
      endpoint: "https://events.test/poll",
      authorization: SECRET,
      maxEvents: 50,
      timeoutSeconds: 90,
      maxAnswerBytes: 1_048_576,
      insecureLoopbackHttp: false,
    });
    assert.equal(transmitter?.push, undefined);
  });

  it("take their secrets from the environment or a file, and keep them out of the hash", () => {
    const baseDir = mkdtempSync(path.join(tmpdir(), "countersign-config-"));
    try {
      writeFileSync(path.join(baseDir, "poll.txt"), `${SECRET}\n`);
      writeFileSync(path.join(baseDir, "key.pem"), ec);
      const parts = {
        ...transmit({ ...own, poll: { ...POLL, authorization: "file:poll.txt" } }),
        publishedStatusLists: { lists: [{ ...list, privateKey: "file:key.pem" }] },
      };
      const fromFile = read(parts, { baseDir });
      assert.ok(fromFile.ok);
      const { signals, publishedStatusLists } = fromFile.configuration;
      assert.equal(signals?.transmitters[0]?.poll?.authorization, SECRET);
      assert.equal(publishedStatusLists?.lists[0]?.privateKey, ec.trim());
      const fromEnvironment = read(
        transmit({ ...own, poll: { ...POLL, authorization: "Bearer ${TOKEN}" } }),
        { env: { TOKEN: "of sixteen and more" } },
      );
      const other = read(transmit({ ...own, poll: { ...POLL, authorization: "Bearer ${TOKEN}" } }), {
        env: { TOKEN: "another of as many" },
      });
      assert.ok(fromEnvironment.ok && other.ok);
      assert.equal(
        fromEnvironment.configuration.signals?.transmitters[0]?.poll?.authorization,
        "Bearer of sixteen and more",
      );
      assert.equal(hashConfiguration(fromEnvironment.configuration), hashConfiguration(other.configuration));
    } finally {
      rmSync(baseDir, { recursive: true });
    }
  });

  const wrong: readonly (readonly [object, RegExp])[] = [
    [transmit(own), /^signals\.transmitters\[0\]: neither `push` nor `poll`/],
    [transmit({ ...own, ...PUSH, poll: POLL }), /^signals\.transmitters\[0\]: `push` and `poll`/],
    [transmit({ ...own, poll: { ...POLL, endpoint: "http://events.test/" } }), /poll\.endpoint: .*https/],
    [transmit({ ...own, poll: { ...POLL, endpoint: "http://127.0.0.1/" } }), /poll\.endpoint: .*https/],
    [transmit({ ...own, poll: { ...POLL, endpoint: "https://me:pw@events.test/" } }), /poll\.endpoint/],
    [transmit({ ...own, poll: { endpoint: POLL.endpoint } }), /poll\.authorization: .*tls\.certificate/],
    [transmit({ ...own, poll: { ...POLL, authorization: "short" } }), /poll\.authorization/],
    [transmit({ ...own, poll: { ...POLL, authorization: `${SECRET}\r\nX: y` } }), /poll\.authorization/],
    [transmit({ ...own, poll: { ...POLL, maxEvents: 0 } }), /poll\.maxEvents/],
    [transmit({ ...own, poll: { ...POLL, everySeconds: 0 } }), /poll\.everySeconds/],
    [transmit({ ...own, ...PUSH, issuer: "other" }), /issuer: no name of an entry/],
    [transmit({ ...own, ...PUSH }, { ...own, ...PUSH }), /transmitters\[1\]\.name: that of/],
    [transmit({ ...own, ...PUSH, transmitter: "https://hub.test/" }), /keys: none/],
    [{ ...transmit({ ...own, ...PUSH }), revocation: undefined }, /^signals: nothing that could be revoked/],
    [{ signals: { logout: [{ issuer: "other", audiences: ["a"] }] } }, /logout\[0\]\.issuer: no name/],
    [
      { ...OPAQUE, signals: { logout: [{ issuer: "main", audiences: ["a"] }] } },
      /logout\[0\]\.issuer: an issuer without keys/,
    ],
    [{ ...OPAQUE, ...transmit({ ...own, ...PUSH }) }, /transmitters\[0\]\.keys: none/],
  ];
  for (const [parts, problem] of wrong) {
    it(`are refused as ${String(problem)}`, () => {
      const problems = findProblems(parts);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
  }
});

describe("published status lists in a configuration", () => {
  it("have their times and bounds by default", () => {
    const reading = read({ publishedStatusLists: { lists: [list] } });
    assert.ok(reading.ok);
    assert.deepEqual(reading.configuration.publishedStatusLists, {
      store: "memory",
      lists: [{ ...list, ttlSeconds: 60, lifetimeSeconds: 600, capacity: 131_072 }],
    });
  });

  it("are no secret of one process: that is told", () => {
    const text = JSON.stringify({
      issuers: [{ issuer: "https://id.test/", name: "main", audiences: ["a"], keys: { discovery: true } }],
      routes: [{ path: "/**", allow: "authenticated" }],
      revocation: { store: { sqlite: "/a.db" } },
      publishedStatusLists: { lists: [list] },
    });
    const { findings, problems } = checkConfiguration(text, { env: {}, baseDir: "/" });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      findings.map(({ path: at, kind }) => [at, kind]),
      [["publishedStatusLists.store", "exposure"]],
    );
  });

  const publish = (changes: object, others: object = {}): object => ({
    publishedStatusLists: { lists: [{ ...list, ...changes }], ...others },
  });
  const weak = exportKey(generateKeyPairSync("rsa", { modulusLength: 1024 }));
  const wrong: readonly (readonly [object, RegExp])[] = [
    [publish({ issuer: "other" }), /lists\[0\]\.issuer: no name of an entry/],
    [publish({ privateKey: "none" }), /privateKey: .*PEM private key/],
    [publish({ privateKey: weak }), /privateKey: .*2048 bits/],
    [publish({ algorithm: "RS256" }), /privateKey: .*RS256, found one for ES256/],
    [publish({ uri: "https://status.test/lists/" }), /uri: .*slash at the end/],
    [publish({ uri: "https://status.test/lists?a=b" }), /uri: .*without query/],
    [publish({ uri: "ftp://status.test/lists" }), /uri: .*http/],
    [publish({ ttlSeconds: 9 }), /ttlSeconds/],
    [publish({ ttlSeconds: 700 }), /lifetimeSeconds: .*no less than ttlSeconds/],
    [publish({ capacity: 12 }), /capacity/],
    [{ publishedStatusLists: { lists: [] } }, /lists/],
    [
      { publishedStatusLists: { lists: [list, { ...list, uri: "https://x.test" }] } },
      /lists\[1\]\.issuer: that of/,
    ],
    [{ ...publish({}), revocation: undefined }, /^publishedStatusLists: nothing that could be revoked/],
    [
      { ...publish({}, { store: { sqlite: "/a.db" } }), revocation: { store: { sqlite: "/a.db" } } },
      /store\.sqlite: the file of another store/,
    ],
    [
      publish({}, { store: { redis: { urls: ["redis://a:1", "redis://b:1"] } } }),
      /redis\.urls: 2 servers, and no cluster/,
    ],
  ];
  for (const [parts, problem] of wrong) {
    it(`are refused as ${String(problem)}`, () => {
      const problems = findProblems(parts);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
  }
});
