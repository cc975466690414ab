import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createJwks,
  findActive,
  type KeyBackend,
  type KeyLedger,
  KeyManager,
  type KeyStore,
  listNext,
  MemoryKeyStore,
  readLedger,
  rotateKeys,
  startKeys,
} from "@countersign/signing-keys";
import { MemoryBackend } from "../kit/memory-backend.ts";
import { SAMPLE_OPTIONS, START_MS } from "../kit/sample-keys.ts";

class Killed extends Error {}

/** Ends the process, as far as it can tell, at the n-th thing that it does outside: before it is done, or right after. */
class Executioner {
  left: number;
  readonly #when: "before" | "after";

  constructor(left: number, when: "before" | "after") {
    this.left = left;
    this.#when = when;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.left -= 1;
    if (this.left < 0 || (this.left === 0 && this.#when === "before")) throw new Killed();
    const result = await work();
    if (this.left === 0) throw new Killed();
    return result;
  }

  watchStore(store: KeyStore): KeyStore {
    return {
      name: store.name,
      read: () => store.read(),
      replace: (next) => this.run(() => store.replace(next)),
      close: () => store.close(),
    };
  }

  watchBackend(backend: KeyBackend): KeyBackend {
    return {
      name: backend.name,
      generate: (request) => this.run(() => backend.generate(request)),
      open: (reference) => backend.open(reference),
      destroy: (reference) => this.run(() => backend.destroy(reference)),
      close: () => backend.close(),
    };
  }
}

interface World {
  readonly store: KeyStore;
  readonly backend: MemoryBackend;
  seconds: number;
}

function openManager(world: World, executioner: Executioner): KeyManager {
  return new KeyManager({
    store: executioner.watchStore(world.store),
    backends: [executioner.watchBackend(world.backend)],
    actor: "tests",
    clock: () => START_MS + world.seconds * 1000,
  });
}

async function readWorld({ store }: World): Promise<KeyLedger> {
  return readLedger((await store.read())?.text ?? "");
}

/** From nothing to the destruction of the first key; true where it got there alive. */
async function runLife(world: World, executioner: Executioner): Promise<boolean> {
  try {
    const manager = openManager(world, executioner);
    await startKeys(manager, SAMPLE_OPTIONS);
    const ledger = await manager.read();
    const isOver = (held: KeyLedger): boolean => held.keys.some(({ state }) => state === "destroyed");
    if (!isOver(ledger)) await rotateKeys(manager, { begins: !ledger.history.some(isPromotionOfSecond) });
    for (; !isOver(await readWorld(world)); world.seconds += 50) await rotateKeys(manager, { begins: false });
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  }
}

function isPromotionOfSecond({ action, to }: KeyLedger["history"][number]): boolean {
  return action === "promote" && to === "retiring";
}

describe("a rotation whose process is killed", () => {
  for (const when of ["before", "after"] as const) {
    it(`goes on from there, whichever of its writes the kill came ${when}`, async () => {
      let point = 1;
      for (; ; point += 1) {
        const world: World = { store: new MemoryKeyStore(), backend: new MemoryBackend(), seconds: 0 };
        if (await runLife(world, new Executioner(point, when))) break;
        // What stands in the store is a whole state: there is a key that signs as soon as there are keys to show.
        const stored = await world.store.read();
        if (stored !== undefined) {
          const held = readLedger(stored.text);
          if (findActive(held) !== undefined) createJwks(held, START_MS);
        }
        assert.equal(
          await runLife(world, new Executioner(Number.POSITIVE_INFINITY, when)),
          true,
          `point ${point}`,
        );
        const ledger = await readWorld(world);
        assert.ok(findActive(ledger), `point ${point}`);
        assert.equal(listNext(ledger).length, 1, `point ${point}`);
        const promotions = ledger.history.filter(isPromotionOfSecond);
        assert.equal(promotions.length, 1, `point ${point}: rotated ${promotions.length} times`);
        // Each key that the back end holds is known, or its label is: none is lost track of.
        const labels = new Set([...ledger.keys, ...ledger.pending].map(({ label }) => label));
        for (const label of world.backend.keys.keys()) assert.ok(labels.has(label), `point ${point}`);
      }
      assert.ok(point > 15, `only ${point} points were tried`);
    });
  }
});
