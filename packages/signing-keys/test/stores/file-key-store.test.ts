import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { FileKeyStore, KeyStoreUnavailableError } from "@countersign/signing-keys";
import { describeKeyStore } from "./describe-key-store.ts";

describeKeyStore("file", {
  async createPlace() {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
    return {
      open: async () => new FileKeyStore(path.join(folder, "ledger")),
      dispose: () => rm(folder, { recursive: true }),
    };
  },
});

describe("the folder of a file key store", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-keys-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is readable by its owner alone, and keeps few versions", async () => {
    const place = path.join(folder, "private");
    const store = new FileKeyStore(place);
    for (let version = 1; version <= 40; version += 1) await store.replace({ version, text: "{}" });
    assert.equal((await stat(place)).mode & 0o777, 0o700);
    const names = await readdir(place);
    assert.equal(names.length, 16);
    for (const name of names) assert.equal((await stat(path.join(place, name))).mode & 0o777, 0o600);
  });

  it("loses nothing to a writer that died before its file had a name, and cleans up after it", async () => {
    const place = path.join(folder, "crashed");
    const store = new FileKeyStore(place);
    await store.replace({ version: 1, text: "one" });
    const abandoned = path.join(place, ".dead.tmp");
    await writeFile(abandoned, "half of a led");
    assert.deepEqual(await store.read(), { version: 1, text: "one" });
    await utimes(abandoned, 1, 1);
    assert.equal(await store.replace({ version: 2, text: "two" }), true);
    assert.deepEqual(
      (await readdir(place)).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  it("is not read where others can write the ledger", async () => {
    const place = path.join(folder, "open");
    const store = new FileKeyStore(place);
    await store.replace({ version: 1, text: "one" });
    await chmod(path.join(place, "ledger-000000000001.json"), 0o666);
    await assert.rejects(store.read(), (error: unknown) => {
      assert.ok(error instanceof KeyStoreUnavailableError);
      assert.match(error.message, /chmod 600/);
      return true;
    });
  });

  it("says so where it cannot be used", async () => {
    const file = path.join(folder, "plain");
    await writeFile(file, "");
    await assert.rejects(new FileKeyStore(file).read(), KeyStoreUnavailableError);
    await assert.rejects(new FileKeyStore(file).replace({ version: 1, text: "" }), KeyStoreUnavailableError);
  });
});
