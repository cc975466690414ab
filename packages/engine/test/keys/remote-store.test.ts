import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { platform } from "../../src/platform/node.ts";
import type { KeySetStore } from "../../src/ports.ts";
import { createJwk, createWorld, type World } from "./remote-world.ts";

class MemoryStore implements KeySetStore {
  text: string | undefined;
  reads = 0;
  writes = 0;
  async read(): Promise<string | undefined> {
    this.reads++;
    return this.text;
  }
  async write(text: string): Promise<void> {
    this.writes++;
    this.text = text;
  }
}

/** Lets one world fetch a set with the key "a" and store it; gives what it stored. */
async function fill(world: World, store: MemoryStore): Promise<string> {
  world.publish(createJwk("a"));
  await world.keys.ready();
  await world.keys.close();
  assert.equal(store.writes, 1);
  return store.text ?? "";
}

async function restart(
  t: Parameters<typeof createWorld>[0],
  store: KeySetStore,
  from: World,
  settings: { readonly maxStaleSeconds?: number; readonly maxKeys?: number } = {},
): Promise<World> {
  const source = { jwksUri: `${from.server.url}/jwks` };
  return createWorld(t, { store, source, server: from.server, clock: from.clock, settings });
}

test("the last good set survives a restart and serves while the source fails", async (t) => {
  const store = new MemoryStore();
  const first = await createWorld(t, { store });
  await fill(first, store);
  first.server.faults.set("/jwks", { status: 500 });
  first.clock.advance({ seconds: 3600 });
  const second = await restart(t, store, first);
  assert.equal(await second.resolve("a"), "found");
  assert.equal(await second.resolve("x"), "keys_stale");
  await second.keys.ready();
  assert.deepEqual(second.told("key_set_changed")[0]?.added, [{ keyId: "a", algorithm: "Ed25519" }]);
  first.clock.advance({ seconds: 86_400 - 3600 - 1 });
  assert.equal(second.find("a"), "found");
  await second.fetchesEnded(2);
  first.clock.advance({ seconds: 1 });
  assert.equal(second.find("a"), "keys_unavailable");
});

test("a source that answers is believed before the store", async (t) => {
  const store = new MemoryStore();
  const first = await createWorld(t, { store });
  await fill(first, store);
  first.publish(createJwk("b"));
  const second = await restart(t, store, first);
  assert.equal(await second.resolve("b"), "found");
  assert.equal(await second.resolve("a"), "key_unknown");
});

test("a stored set gives way to the source as soon as that answers", async (t) => {
  const store = new MemoryStore();
  const first = await createWorld(t, { store });
  await fill(first, store);
  first.server.faults.set("/jwks", { status: 500 });
  const second = await restart(t, store, first);
  assert.equal(await second.resolve("a"), "found");
  first.server.faults.clear();
  first.publish(createJwk("b"));
  first.clock.advance({ seconds: 2 });
  assert.equal(await second.resolve("b"), "found");
});

const SPOILED: readonly (readonly [string, (stored: Record<string, unknown>) => unknown])[] = [
  ["no JSON", () => "{"],
  ["an array", () => []],
  ["another version", (stored) => ({ ...stored, version: 2 })],
  ["another issuer", (stored) => ({ ...stored, issuer: "https://other.test/" })],
  ["another source", (stored) => ({ ...stored, source: "https://other.test/jwks" })],
  ["a time to come", (stored) => ({ ...stored, fetchedAt: Number(stored["fetchedAt"]) + 86_400_000 })],
  ["a time that is text", (stored) => ({ ...stored, fetchedAt: String(stored["fetchedAt"]) })],
  ["a document that is no text", (stored) => ({ ...stored, document: { keys: [] } })],
  ["a document that is no key set", (stored) => ({ ...stored, document: "{}" })],
  ["no usable key", (stored) => ({ ...stored, document: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}' })],
  ["a second document", (stored) => `${JSON.stringify(stored).slice(0, -1)},"document":"{}"}`],
  ["far too much", (stored) => ({ ...stored, document: " ".repeat(3_000_000) })],
];

for (const [name, spoil] of SPOILED) {
  test(`a stored set that holds ${name} is ignored and told`, async (t) => {
    const store = new MemoryStore();
    const first = await createWorld(t, { store });
    const spoiled = spoil(JSON.parse(await fill(first, store)) as Record<string, unknown>);
    store.text = typeof spoiled === "string" ? spoiled : JSON.stringify(spoiled);
    first.server.faults.set("/jwks", { status: 500 });
    first.clock.advance({ seconds: 3600 });
    const second = await restart(t, store, first);
    assert.equal(await second.resolve("a"), "keys_unavailable");
    assert.deepEqual(
      second.told("keys_store_failed").map(({ operation }) => operation),
      ["read"],
    );
  });
}

test("a stored set older than maxStaleSeconds is not used", async (t) => {
  const store = new MemoryStore();
  const first = await createWorld(t, { store });
  await fill(first, store);
  first.server.faults.set("/jwks", { status: 500 });
  first.clock.advance({ seconds: 100 });
  assert.equal(await (await restart(t, store, first, { maxStaleSeconds: 101 })).resolve("a"), "found");
  assert.equal(
    await (await restart(t, store, first, { maxStaleSeconds: 100 })).resolve("a"),
    "keys_unavailable",
  );
  assert.equal(
    await (await restart(t, store, first, { maxStaleSeconds: 0 })).resolve("a"),
    "keys_unavailable",
  );
});

test("a store that fails, answers nonsense or never answers stops nothing", async (t) => {
  const broken: readonly KeySetStore[] = [
    { read: () => Promise.reject(new Error("no disk")), write: () => Promise.reject(new Error("no disk")) },
    { read: () => Promise.resolve(7 as unknown as string), write: () => Promise.resolve() },
    {
      read: () => {
        throw new Error("synchronously");
      },
      write: () => {
        throw new Error("synchronously");
      },
    },
    { read: () => new Promise(() => undefined), write: () => Promise.resolve() },
  ];
  for (const store of broken) {
    const world = await createWorld(t, { store });
    world.server.faults.set("/jwks", { status: 500 });
    assert.equal(await world.resolve("a"), "keys_unavailable");
    world.server.faults.clear();
    world.publish(createJwk("a"));
    world.clock.advance({ seconds: 2 });
    assert.equal(await world.resolve("a"), "found");
  }
});

test("a doubtful set is not stored over a good one, and a confirmed one renews the time", async (t) => {
  const store = new MemoryStore();
  const world = await createWorld(t, { store });
  const [a, b, c] = [createJwk("a"), createJwk("b"), createJwk("c")];
  world.server.sendsEtag = true;
  world.publish(a, b, c);
  await world.keys.ready();
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(2);
  const renewed = JSON.parse(store.text ?? "") as { fetchedAt: number };
  assert.equal(renewed.fetchedAt, world.clock.now);
  world.publish(a);
  world.clock.advance({ seconds: 500 });
  world.find("a");
  await world.fetchesEnded(3);
  assert.deepEqual(JSON.parse(store.text ?? ""), renewed);
  world.publish();
  world.clock.advance({ seconds: 100 });
  world.find("a");
  await world.fetchesEnded(4);
  assert.deepEqual(JSON.parse(store.text ?? ""), renewed);
});

test("only one write is under way, and of those that wait only the last is done", async (t) => {
  const written: string[] = [];
  const finish: (() => void)[] = [];
  const store: KeySetStore = {
    read: () => Promise.resolve(undefined),
    write: (text) => {
      written.push(text);
      return new Promise((resolve) => finish.push(resolve));
    },
  };
  const world = await createWorld(t, { store, settings: { removalGraceSeconds: 0 } });
  for (let i = 1; i <= 4; i++) {
    world.publish(createJwk(`k${i}`));
    await world.resolve(`k${i}`);
    world.clock.advance({ seconds: 700 });
  }
  assert.equal(written.length, 1);
  finish[0]?.();
  await new Promise(setImmediate);
  assert.equal(written.length, 2);
  assert.ok(written[1]?.includes("k4"));
  finish[1]?.();
});

test("cacheFile keeps the set in a file of the runtime", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "countersign-"));
  t.after(() => rm(folder, { recursive: true }));
  const cacheFile = join(folder, "keys.json");
  const store = platform.fileStore?.(cacheFile);
  assert.ok(store !== undefined);
  const first = await createWorld(t, { store });
  first.publish(createJwk("a"));
  await first.keys.ready();
  await first.keys.close();
  assert.match(await readFile(cacheFile, "utf8"), /"version":1/);
  first.server.faults.set("/jwks", { reset: true });
  assert.equal(await (await restart(t, store, first)).resolve("a"), "found");
  await writeFile(cacheFile, "corrupt");
  assert.equal(await (await restart(t, store, first)).resolve("a"), "keys_unavailable");
});
