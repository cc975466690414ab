import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_TIMING, readKeysConfiguration } from "@countersign/signing-keys";
import { ConfigurationError } from "countersign";

const PLACE = { folder: "/etc/keys" };
const LEAST = {
  issuer: "https://idp.example.com/",
  store: { file: "ledger" },
  backend: { backend: "file", directory: "private", passphrase: { file: "passphrase" } },
};

function pathsOf(value: unknown): readonly string[] {
  try {
    readKeysConfiguration(value, PLACE);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems.map((problem) => problem.path);
  }
}

describe("the configuration of keys", () => {
  it("takes the least, fills in what is left out, and reads paths from where the file stands", () => {
    assert.deepEqual(readKeysConfiguration(LEAST, PLACE), {
      issuer: LEAST.issuer,
      algorithm: "ES256",
      timing: DEFAULT_TIMING,
      store: { kind: "file", path: "/etc/keys/ledger" },
      backends: [
        { backend: "file", directory: "/etc/keys/private", passphrase: { file: "/etc/keys/passphrase" } },
      ],
      verifiers: [],
      jwksUrls: [],
    });
  });

  it("takes everything", () => {
    const configuration = readKeysConfiguration(
      {
        ...LEAST,
        algorithm: "RS256",
        timing: { staleSeconds: 0.5 },
        maxAgeSeconds: 60,
        retentionSeconds: 0,
        store: { redis: { url: "rediss://redis.example.com", key: "a:b", password: { env: "REDIS" } } },
        otherBackends: [
          { backend: "vault-transit", address: "https://vault.example.com", token: { env: "T" } },
        ],
        jwksFile: "/srv/jwks.json",
        verifiers: [
          { name: "one", admin: "127.0.0.1:9402", apiTokenFile: "one.token" },
          { admin: "unix:/run/a.sock", apiTokenFile: "/two.token" },
        ],
        jwksUrls: ["https://idp.example.com/jwks", "http://127.0.0.1:81/jwks"],
      },
      PLACE,
    );
    assert.deepEqual(configuration.timing, { ...DEFAULT_TIMING, staleSeconds: 0.5 });
    assert.deepEqual(
      configuration.verifiers.map(({ name, apiTokenFile }) => `${name} ${apiTokenFile}`),
      ["one /etc/keys/one.token", "unix:/run/a.sock /two.token"],
    );
    assert.deepEqual(
      configuration.backends.map(({ backend }) => backend),
      ["file", "vault-transit"],
    );
  });

  it("tells of every problem at once, each with its place", () => {
    assert.deepEqual(pathsOf("text"), ["keys"]);
    assert.deepEqual(pathsOf({}), ["keys.issuer", "keys.store", "keys.backend"]);
    const cases: readonly (readonly [object, string])[] = [
      [{ isuer: 1 }, "keys.isuer"],
      [{ issuer: "idp" }, "keys.issuer"],
      [{ algorithm: "HS256" }, "keys.algorithm"],
      [{ timing: { clientCacheSeconds: -1 } }, "keys.timing.clientCacheSeconds"],
      [{ timing: { ttl: 1 } }, "keys.timing.ttl"],
      [{ store: {} }, "keys.store"],
      [{ store: { file: "a", sqlite: "b" } }, "keys.store"],
      [{ store: { redis: { url: "redis://user:secret@host" } } }, "keys.store.redis.url"],
      [{ store: { redis: { url: "redis://h", password: "secret" } } }, "keys.store.redis.password"],
      [{ backend: { backend: "paper" } }, "keys.backend.backend"],
      [{ otherBackends: [LEAST.backend] }, "keys.otherBackends"],
      [{ verifiers: [{ admin: "nowhere", apiTokenFile: "t" }] }, "keys.verifiers[0].admin"],
      [{ jwksUrls: ["https://a.example", "http://b.example"] }, "keys.jwksUrls[1]"],
      [{ canary: { type: "at+jwt" } }, "keys.canary.claims"],
      [{ canary: { claims: [] } }, "keys.canary.claims"],
      [{ canary: { claims: {}, type: "a b" } }, "keys.canary.type"],
      [{ retentionSeconds: "1d" }, "keys.retentionSeconds"],
    ];
    for (const [change, place] of cases) {
      assert.deepEqual(pathsOf({ ...LEAST, ...change }), [place]);
    }
  });

  it("never repeats a value that may be a secret", () => {
    assert.throws(
      () => readKeysConfiguration({ ...LEAST, backend: { ...LEAST.backend, passphrase: "hunter2" } }, PLACE),
      (error: unknown) => error instanceof ConfigurationError && !error.message.includes("hunter2"),
    );
  });
});
