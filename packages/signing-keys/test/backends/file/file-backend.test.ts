import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createFileBackend, type FileBackendOptions } from "../../../src/backends/file/file-backend.ts";
import { BACKENDS, type KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken } from "../kit/issue-token.ts";

const PASSPHRASE = "correct horse battery staple";
const LEAST_COST = 32_768;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
  await writeFile(path.join(folder, "passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  return folder;
}

function openIn(folder: string, changes: Partial<FileBackendOptions> = {}): KeyBackend {
  return createFileBackend({
    directory: path.join(folder, "keys"),
    passphrase: { file: path.join(folder, "passphrase") },
    scryptCost: LEAST_COST,
    ...changes,
  });
}

describeKeyBackend({
  name: "encrypted files",
  algorithms: BACKENDS.find(({ name }) => name === "file")?.algorithms ?? [],
  missing: "EdDSA" as "Ed25519",
  start: async () => {
    const folder = await makeFolder();
    return {
      open: () => Promise.resolve(openIn(folder)),
      stop: () => rm(folder, { recursive: true }),
    };
  },
});

describe("a key file", () => {
  let folder: string;
  let backend: KeyBackend;
  before(async () => {
    folder = await makeFolder();
    backend = openIn(folder);
  });
  after(async () => {
    await backend.close();
    await rm(folder, { recursive: true });
  });
  const fileOf = (label: string): string => path.join(folder, "keys", `${label}.key.json`);
  const generate = (): ReturnType<KeyBackend["generate"]> =>
    backend.generate({ label: takeLabel(), algorithm: "ES256" });

  it("is for its owner alone, whole, and without the private half in the open", async () => {
    const { reference } = await generate();
    const file = fileOf(reference.label);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700);
    const names = await readdir(path.dirname(file));
    assert.deepEqual(
      names.filter((name) => name.endsWith(".tmp")),
      [],
    );
    const stored = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    assert.equal(stored["format"], "countersign-key-1");
    assert.deepEqual(Object.keys(stored["publicJwk"] as object).sort(), [
      "alg",
      "crv",
      "kid",
      "kty",
      "use",
      "x",
      "y",
    ]);
  });

  it("does not open where anything in it was changed", async () => {
    const { reference } = await generate();
    const other = await generate();
    const file = fileOf(reference.label);
    const text = await readFile(file, "utf8");
    const stored = JSON.parse(text) as Record<string, string>;
    const flip = (value: string): string => (value.startsWith("A") ? "B" : "A") + value.slice(1);
    const changes: Record<string, unknown>[] = [
      { sealed: flip(stored["sealed"] ?? "") },
      { nonce: flip(stored["nonce"] ?? "") },
      { publicJwk: other.publicJwk },
      { algorithm: "ES384" },
      { label: other.reference.label },
      { format: "countersign-key-2" },
      { scrypt: { cost: 2 ** 30, salt: "AAAAAAAAAAAAAAAAAAAAAA" } },
      { scrypt: { cost: LEAST_COST, salt: "AAAAAAAAAAAAAAAAAAAAAA" } },
      { sealed: "" },
    ];
    for (const change of changes) {
      await writeFile(file, JSON.stringify({ ...stored, ...change }));
      await expectFailure(backend.open(reference), { kind: "misconfigured" });
    }
    await writeFile(file, text.slice(0, -20));
    await expectFailure(backend.open(reference), { kind: "misconfigured" });
    await writeFile(file, text);
    await backend.open(reference);
  });

  it("opens with its passphrase alone, and tells none in a failure", async () => {
    const { reference } = await generate();
    const wrong = "another horse battery staple";
    process.env["COUNTERSIGN_TEST_PASSPHRASE"] = wrong;
    try {
      const stranger = openIn(folder, { passphrase: { env: "COUNTERSIGN_TEST_PASSPHRASE" } });
      await expectFailure(stranger.open(reference), {
        kind: "misconfigured",
        message: /passphrase/,
        secrets: [wrong, PASSPHRASE],
      });
      process.env["COUNTERSIGN_TEST_PASSPHRASE"] = PASSPHRASE;
      await stranger.open(reference);
      process.env["COUNTERSIGN_TEST_PASSPHRASE"] = "too short";
      await expectFailure(stranger.open(reference), {
        kind: "misconfigured",
        message: /shorter than 16/,
        secrets: ["too short"],
      });
    } finally {
      delete process.env["COUNTERSIGN_TEST_PASSPHRASE"];
    }
    const without = openIn(folder, { passphrase: { env: "COUNTERSIGN_TEST_PASSPHRASE" } });
    await expectFailure(without.open(reference), { kind: "misconfigured", message: /found none/ });
  });

  it("is not read where others may read it, or write beside it, or where it is a link", async () => {
    const { reference } = await generate();
    const file = fileOf(reference.label);
    await chmod(file, 0o640);
    await expectFailure(backend.open(reference), { kind: "misconfigured", message: /mode 640/ });
    await chmod(file, 0o600);
    await chmod(path.dirname(file), 0o777);
    await expectFailure(backend.open(reference), { kind: "misconfigured", message: /chmod 700/ });
    await expectFailure(generate(), { kind: "misconfigured", message: /chmod 700/ });
    await chmod(path.dirname(file), 0o700);
    const elsewhere = path.join(folder, `${reference.label}.elsewhere`);
    await rename(file, elsewhere);
    await symlink(elsewhere, file);
    await expectFailure(backend.open(reference), { kind: "misconfigured" });
    const readable = path.join(folder, "readable");
    await writeFile(readable, PASSPHRASE, { mode: 0o644 });
    await expectFailure(
      openIn(folder, { passphrase: { file: readable } }).generate({ label: takeLabel(), algorithm: "ES256" }),
      {
        kind: "misconfigured",
        message: /everyone here may read it/,
        secrets: [PASSPHRASE],
      },
    );
  });

  it("counts as destroyed from the tombstone on, also where a crash left the key beside it", async () => {
    const { reference } = await generate();
    const file = fileOf(reference.label);
    const text = await readFile(file, "utf8");
    const signer = await backend.open(reference);
    await backend.destroy(reference);
    await assert.rejects(stat(file), { code: "ENOENT" });
    await writeFile(file, text, { mode: 0o600 });
    const other = openIn(folder);
    await expectFailure(other.open(reference), { kind: "refused", message: /destroyed/ });
    await other.close();
    await expectFailure(issueToken(signer), { kind: "refused", message: /destroyed/ });
    await backend.destroy(reference);
    await assert.rejects(stat(file), { code: "ENOENT" });
    await expectFailure(backend.generate({ label: reference.label, algorithm: "ES256" }), {
      kind: "refused",
    });
  });

  it("is not taken for destroyed where its directory is another one", async () => {
    const { reference } = await generate();
    const elsewhere = await makeFolder();
    try {
      const stranger = openIn(elsewhere);
      await expectFailure(stranger.destroy(reference), { kind: "misconfigured", message: /ENOENT/ });
      await mkdir(path.join(elsewhere, "keys"), { mode: 0o700 });
      await expectFailure(stranger.destroy(reference), { kind: "refused", message: /no trace/ });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
    await backend.open(reference);
  });

  it("is written by one of two who make a key of the same label", async () => {
    const label = takeLabel();
    const second = openIn(folder);
    const results = await Promise.allSettled(
      [backend, second].map((each) => each.generate({ label, algorithm: "Ed25519" })),
    );
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const before = createHash("sha256")
      .update(await readFile(fileOf(label)))
      .digest("hex");
    await expectFailure(second.generate({ label, algorithm: "Ed25519" }), { kind: "refused" });
    assert.equal(
      createHash("sha256")
        .update(await readFile(fileOf(label)))
        .digest("hex"),
      before,
    );
    await second.close();
  });

  it("holds RSA keys of the size that was asked for", async () => {
    const large = openIn(folder, { rsaBits: 3072 });
    const { publicJwk } = await large.generate({ label: takeLabel(), algorithm: "PS256" });
    assert.equal(publicJwk.kty === "RSA" && Buffer.from(publicJwk.n, "base64url").length * 8, 3072);
    await large.close();
  });
});
