import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { platform } from "../../src/platform/node.ts";
import type { KeySetStore } from "../../src/ports.ts";

describe("a key set's file", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  function open(name: string): { store: KeySetStore; path: string } {
    const path = join(folder, name);
    const store = platform.fileStore?.(path);
    assert.ok(store !== undefined);
    return { store, path };
  }

  test("that is not there has no text", async () => {
    assert.equal(await open("absent").store.read(), undefined);
  });

  test("gives back what was written last, and leaves nothing else in the folder", async () => {
    const { store, path } = open("keys.json");
    await store.write('{"a":"é"}');
    assert.equal(await store.read(), '{"a":"é"}');
    await store.write("{}");
    assert.equal(await store.read(), "{}");
    assert.equal(await readFile(path, "utf8"), "{}");
    assert.deepEqual(await readdir(folder), ["keys.json"]);
  });

  test("may be read and written by its owner only, also where it was open to all before", async () => {
    const { store, path } = open("mode.json");
    await writeFile(path, "old", { mode: 0o666 });
    await store.write("new");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("is whole at any time, however many write at once", async () => {
    const { store } = open("many.json");
    const texts = Array.from({ length: 8 }, (_, at) => String(at).repeat(100_000));
    await store.write(texts[0] ?? "");
    const writes = texts.map((text) => store.write(text));
    for (let reads = 0; reads < 10; reads++) {
      const text = await store.read();
      assert.ok(text !== undefined && texts.includes(text));
    }
    await Promise.all(writes);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes(".tmp")),
      [],
    );
  });

  test("of more than 4 MiB is neither read nor written", async () => {
    const { store, path } = open("large.json");
    const limit = 4 * 1024 * 1024;
    await store.write("x".repeat(limit));
    assert.equal((await store.read())?.length, limit);
    await assert.rejects(store.write("x".repeat(limit + 1)), /4194305 octets, more than the limit/);
    assert.equal((await store.read())?.length, limit);
    await truncate(path, limit + 1);
    await assert.rejects(store.read(), /more than the limit/);
  });

  test("that is not UTF-8, or no file, is an error and not a text", async () => {
    const { store, path } = open("latin1.json");
    await writeFile(path, Buffer.from([0x7b, 0xe9, 0x7d]));
    await assert.rejects(store.read(), /not UTF-8/);
    await assert.rejects(async () => platform.fileStore?.(folder).read());
    await assert.rejects(async () => platform.fileStore?.("/dev/zero").read(), /not a regular file/);
  });

  test("in a folder that is not there cannot be written, and the old text stays where writing fails", async () => {
    await assert.rejects(open("missing/keys.json").store.write("{}"), { code: "ENOENT" });
    assert.equal(await open("missing/keys.json").store.read(), undefined);
  });

  test("replaces a link instead of writing through it", async () => {
    const target = join(folder, "target");
    await writeFile(target, "untouched");
    const { store, path } = open("link.json");
    await symlink(target, path);
    await store.write("{}");
    assert.equal(await readFile(target, "utf8"), "untouched");
    assert.equal(await store.read(), "{}");
  });
});
