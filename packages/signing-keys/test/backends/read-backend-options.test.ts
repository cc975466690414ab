import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { ConfigurationError } from "countersign";
import { BACKENDS, createBackend, readBackendOptions } from "../../src/index.ts";

const SECRET = { env: "COUNTERSIGN_TEST_SECRET" };
const GOOD = {
  file: {
    directory: "keys",
    passphrase: SECRET,
    rsaBits: 3072,
    scryptCost: 65_536,
    limits: { timeoutMs: 100 },
  },
  pkcs11: { module: "/usr/lib/token.so", token: "the token", pin: { file: "/run/pin" } },
  "aws-kms": { region: "us-gov-west-1", endpoint: "http://127.0.0.1:4566", deletionDays: 7 },
  "google-kms": { keyRing: "projects/my-project/locations/global/keyRings/r_1", protectionLevel: "HSM" },
  "azure-key-vault": { vaultUrl: "https://v.vault.azure.net", hsm: false },
  "vault-transit": {
    address: "https://vault.example:8200",
    token: SECRET,
    mount: "team/transit",
    namespace: "a/b",
  },
} as const;

function findPaths(value: unknown): readonly string[] {
  try {
    readBackendOptions(value, "keys.backend");
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems.map(({ path: place }) => place);
  }
}

describe("the configuration of a back end", () => {
  for (const { name } of BACKENDS) {
    it(`is read as it stands: ${name}`, () => {
      const given = { backend: name, ...GOOD[name] };
      assert.deepEqual(readBackendOptions(given), given);
    });

    it(`is refused with a member that is not known: ${name}`, () => {
      assert.deepEqual(findPaths({ backend: name, ...GOOD[name], passphrse: "x" }), [
        "keys.backend.passphrse",
      ]);
    });
  }

  it("is refused with every problem at once", () => {
    assert.deepEqual(
      findPaths({ backend: "file", scryptCost: 1, rsaBits: 1024, limits: { timeoutMs: 99 } }),
      [
        "keys.backend.directory",
        "keys.backend.passphrase",
        "keys.backend.rsaBits",
        "keys.backend.scryptCost",
        "keys.backend.limits.timeoutMs",
      ],
    );
  });

  it("names a back end that there is", () => {
    for (const value of [undefined, null, [], "file", {}, { backend: "memory" }, { backend: "__proto__" }]) {
      assert.equal(findPaths(value).length, 1, JSON.stringify(value));
    }
  });

  it("holds no secret, and says none of one that stands in it", () => {
    const leaked = "hunter2-hunter2-hunter2";
    for (const passphrase of [
      leaked,
      { value: leaked },
      { env: leaked },
      { env: "A", file: "b" },
      { file: "" },
      null,
    ]) {
      assert.throws(
        () => readBackendOptions({ backend: "file", directory: "keys", passphrase }),
        (error: unknown) =>
          error instanceof ConfigurationError &&
          !JSON.stringify([error.message, error.problems]).includes(leaked),
      );
    }
  });

  it("leads to no service in the open, and to none with credentials in its address", () => {
    for (const address of [
      "http://vault.example",
      "https://user:password@vault.example",
      "https://vault.example/?x=1",
      "ftp://vault.example",
      "vault.example",
      "http://127.0.0.1.example",
    ]) {
      const options = { backend: "vault-transit", token: SECRET, address };
      assert.deepEqual(findPaths(options), ["keys.backend.address"], address);
    }
    assert.deepEqual(
      findPaths({ backend: "vault-transit", token: SECRET, address: "http://[::1]:8200" }),
      [],
    );
  });

  it("has no names in it that would lead out of their place", () => {
    const vault = { backend: "vault-transit", token: SECRET, address: "https://vault.example" };
    for (const mount of ["../sys", "a//b", "/a", "a/", "a?b", "%2e%2e"]) {
      assert.deepEqual(findPaths({ ...vault, mount }), ["keys.backend.mount"], mount);
    }
    for (const keyRing of ["projects/p", "projects/my-project/locations/a/keyRings/../x", "x/my-project"]) {
      assert.deepEqual(findPaths({ backend: "google-kms", keyRing }), ["keys.backend.keyRing"], keyRing);
    }
  });

  it("bounds every number", () => {
    const file = { backend: "file", ...GOOD.file };
    for (const [name, values] of [
      ["timeoutMs", [99, 60_001, 1.5, "100"]],
      ["maxConcurrent", [0, 257]],
      ["maxQueued", [-1, 10_001]],
    ] as const) {
      for (const value of values) {
        assert.deepEqual(findPaths({ ...file, limits: { [name]: value } }), [`keys.backend.limits.${name}`]);
      }
    }
    for (const scryptCost of [16_384, 524_288, 100_000, Number.NaN]) {
      assert.deepEqual(findPaths({ ...file, scryptCost }), ["keys.backend.scryptCost"]);
    }
    for (const deletionDays of [6, 31]) {
      assert.deepEqual(findPaths({ backend: "aws-kms", ...GOOD["aws-kms"], deletionDays }), [
        "keys.backend.deletionDays",
      ]);
    }
  });

  it("takes certificates from a file that has some", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-ca-"));
    try {
      const caFile = path.join(folder, "ca.pem");
      const options = { backend: "azure-key-vault", ...GOOD["azure-key-vault"], caFile };
      assert.deepEqual(findPaths(options), ["keys.backend.caFile"]);
      await writeFile(caFile, "no certificate");
      assert.deepEqual(findPaths(options), ["keys.backend.caFile"]);
      const pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
      await writeFile(caFile, pem);
      const { caFile: _file, ...rest } = options;
      assert.deepEqual(readBackendOptions(options), { ...rest, ca: pem });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("opens the back end that it names", async () => {
    for (const name of ["file", "aws-kms", "google-kms", "vault-transit"] as const) {
      const backend = await createBackend(readBackendOptions({ backend: name, ...GOOD[name] }));
      assert.equal(backend.name, name);
      await backend.close();
    }
  });
});

describe("the table of back ends", () => {
  it("names each once, with algorithms and the packages it needs", () => {
    assert.equal(new Set(BACKENDS.map(({ name }) => name)).size, BACKENDS.length);
    for (const { algorithms } of BACKENDS) assert.ok(algorithms.includes("ES256"));
  });
});
