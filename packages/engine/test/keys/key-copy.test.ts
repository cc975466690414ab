import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALGORITHMS } from "../../src/algorithms.ts";
import type { ImportedKeySet } from "../../src/keys/imported-key-set.ts";
import { KeyCopy } from "../../src/keys/key-copy.ts";
import { importKeySet } from "../../src/keys/key-set.ts";
import type { RemoteKeySettings } from "../../src/keys/remote-options.ts";
import { createJwk, type Jwk, outcome, query, settingsOf } from "./remote-world.ts";

const ALGORITHM_LIST = [ALGORITHMS.Ed25519, ALGORITHMS.ES256];
const [A, B, C, D] = [createJwk("a"), createJwk("b"), createJwk("c"), createJwk("d")];

function setOf(...keys: readonly Jwk[]): ImportedKeySet {
  return importKeySet({ keys }, { algorithms: ALGORITHM_LIST, source: "fetched" });
}

function createCopy(settings: Partial<RemoteKeySettings> = {}, random = 0): KeyCopy {
  return new KeyCopy({ settings: settingsOf(settings), algorithms: ALGORITHM_LIST, random: () => random });
}

interface Confirmation {
  readonly at?: number;
  readonly freshnessSeconds?: number;
  readonly sequence?: number;
}

function confirm(
  copy: KeyCopy,
  set: ImportedKeySet,
  { at = 0, freshnessSeconds, sequence = 1 }: Confirmation = {},
): ReturnType<KeyCopy["confirm"]> {
  return copy.confirm({ set, text: textOf(set), freshnessSeconds, startedAt: at, sequence }, at);
}

/** Stands for the document: what it is made of does not matter to the copy. */
function textOf({ keys }: ImportedKeySet): string {
  return keys.map(({ keyId }) => keyId).join("");
}

/** Identifiers that find a key. */
function idsIn({ set }: KeyCopy, ...ids: readonly string[]): string {
  return ids.filter((id) => set !== undefined && outcome(set.find(query(id))) === "found").join("");
}

describe("a copy without keys", () => {
  test("is of no use, and due at once", () => {
    const copy = createCopy();
    assert.equal(copy.set, undefined);
    assert.equal(copy.sequence, 0);
    assert.equal(copy.usableUntil, undefined);
    assert.equal(copy.isUsable(0), false);
    assert.equal(copy.isServing(0), false);
    assert.equal(copy.isHoldingBack, false);
    assert.equal(copy.isFetchDue(0), true);
    assert.equal(copy.retryInMs(0), 0);
    assert.equal(copy.wakeAt, 0);
    assert.equal(copy.releaseHeld(1e9), false);
  });

  test("stays without use while the source fails, or is empty", () => {
    const copy = createCopy();
    copy.fail(0);
    copy.endAfterGrace(0);
    assert.equal(copy.isUsable(0), false);
    assert.equal(copy.isServing(0), false);
    assert.equal(copy.isHoldingBack, false);
  });
});

describe("a confirmed copy", () => {
  test("serves for its lifetime, and is refreshed after three quarters of it", () => {
    const copy = createCopy();
    const confirmed = confirm(copy, setOf(A), { at: 5000, freshnessSeconds: 100, sequence: 7 });
    assert.deepEqual(confirmed, { lifetimeSeconds: 100, isSuspicious: false });
    assert.equal(copy.sequence, 7);
    assert.equal(copy.isFetchDue(79_999), false);
    assert.equal(copy.isFetchDue(80_000), true);
    assert.equal(copy.wakeAt, 80_000);
    assert.equal(copy.isServing(104_999), true);
    assert.equal(copy.isServing(105_000), false);
    assert.equal(copy.isHoldingBack, false);
  });

  test("is refreshed at a random moment until nine tenths", () => {
    const copy = createCopy({}, 1);
    confirm(copy, setOf(A), { freshnessSeconds: 100 });
    assert.equal(copy.wakeAt, 90_000);
  });

  test("lives within the configured bounds, and ten minutes where the answer says nothing", () => {
    const lifetime = (freshnessSeconds: number | undefined): number =>
      confirm(createCopy(), setOf(A), freshnessSeconds === undefined ? {} : { freshnessSeconds })
        .lifetimeSeconds;
    assert.deepEqual([0, 59, 61, 3599, 3601, undefined].map(lifetime), [60, 60, 61, 3599, 3600, 600]);
  });

  test("is usable for the stale bound, counted from the start of its fetch, and served only while the source fails", () => {
    const copy = createCopy({ maxStaleSeconds: 200 });
    confirm(copy, setOf(A), { at: 1000, freshnessSeconds: 100 });
    assert.equal(copy.usableUntil, 201_000);
    assert.equal(copy.isUsable(200_999), true);
    assert.equal(copy.isUsable(201_000), false);
    assert.equal(copy.isServing(150_000), false);
    copy.fail(150_000);
    assert.equal(copy.isServing(150_000), true);
    assert.equal(copy.isServing(201_000), false);
  });

  test("is usable for its lifetime where the stale bound is shorter", () => {
    const copy = createCopy({ maxStaleSeconds: 0 });
    confirm(copy, setOf(A), { freshnessSeconds: 100 });
    assert.equal(copy.usableUntil, 100_000);
  });

  test("is recent for one cooldown", () => {
    const copy = createCopy({ cooldownSeconds: 30 });
    confirm(copy, setOf(A), { at: 1000 });
    assert.equal(copy.isRecent(30_999), true);
    assert.equal(copy.isRecent(31_000), false);
  });

  test("ends backing off", () => {
    const copy = createCopy();
    copy.fail(0);
    copy.fail(0);
    assert.equal(copy.retryInMs(500), 1500);
    assert.equal(copy.retryInMs(5000), 0);
    assert.equal(copy.isFetchDue(1999), false);
    confirm(copy, setOf(A), { at: 2000 });
    assert.equal(copy.retryInMs(2000), 0);
    copy.fail(3000);
    assert.equal(copy.retryInMs(3000), 1000);
  });
});

describe("an empty answer", () => {
  test("ends the use of the copy after the grace, whatever comes later but a good one", () => {
    const copy = createCopy({ removalGraceSeconds: 10 });
    confirm(copy, setOf(A));
    assert.equal(copy.isHoldingBack, false);
    copy.endAfterGrace(1000);
    assert.equal(copy.isHoldingBack, true);
    copy.endAfterGrace(5000);
    assert.equal(copy.usableUntil, 11_000);
    confirm(copy, setOf(A), { at: 6000 });
    assert.equal(copy.isHoldingBack, false);
    assert.ok((copy.usableUntil ?? 0) > 11_000);
  });
});

describe("a set that lost keys", () => {
  test("is suspicious where more than half are missing", () => {
    const rows: readonly (readonly [before: readonly Jwk[], after: readonly Jwk[], suspicious: boolean])[] = [
      [[A], [A], false],
      [[A], [B], true],
      [[A, B], [A], false],
      [[A, B], [C], true],
      [[A, B, C], [A], true],
      [[A, B, C], [A, B], false],
      [[A, B, C, D], [A, B], false],
      [[A, B, C, D], [A], true],
      [[A], [A, B, C, D], false],
    ];
    for (const [before, after, suspicious] of rows) {
      const copy = createCopy();
      confirm(copy, setOf(...before));
      assert.equal(confirm(copy, setOf(...after), { at: 1000 }).isSuspicious, suspicious);
      assert.equal(copy.isHoldingBack, suspicious);
    }
  });

  test("counts a key whose material was replaced in place, and one without kid by its material", () => {
    const copy = createCopy();
    confirm(copy, setOf(A));
    assert.equal(confirm(copy, setOf(createJwk("a"))).isSuspicious, false);
    const { kid, ...unnamed } = createJwk("x");
    assert.equal(kid, "x");
    const other = createCopy();
    confirm(other, setOf(unnamed));
    assert.equal(confirm(other, setOf(unnamed, A)).isSuspicious, false);
    const { kid: _, ...replaced } = createJwk("x");
    assert.equal(confirm(other, setOf(replaced, A)).isSuspicious, false);
    const third = createCopy();
    confirm(third, setOf(unnamed));
    assert.equal(confirm(third, setOf(replaced)).isSuspicious, true);
  });

  test("is joined by the missing keys until the grace is over", () => {
    const copy = createCopy({ removalGraceSeconds: 10 });
    confirm(copy, setOf(A, B, C));
    confirm(copy, setOf(A, D), { at: 1000 });
    assert.equal(idsIn(copy, "a", "b", "c", "d"), "abcd");
    assert.equal(copy.set?.keys.length, 4);
    assert.equal(copy.wakeAt, 8500);
    assert.equal(copy.releaseHeld(10_999), false);
    assert.equal(copy.releaseHeld(11_000), true);
    assert.equal(idsIn(copy, "a", "b", "c", "d"), "ad");
    assert.equal(copy.isHoldingBack, false);
    assert.equal(copy.releaseHeld(12_000), false);
  });

  test("wakes at the end of the grace where that is before the next fetch", () => {
    const copy = createCopy({
      removalGraceSeconds: 100,
      minRefreshSeconds: 86_400,
      maxRefreshSeconds: 86_400,
    });
    confirm(copy, setOf(A));
    assert.equal(confirm(copy, setOf(B), { at: 1000 }).lifetimeSeconds, 100);
    assert.equal(copy.wakeAt, 76_000);
    copy.fail(100_500, 60);
    assert.equal(copy.wakeAt, 101_000);
  });

  test("lives no longer than the shortest refresh and the grace", () => {
    const lifetime = (settings: Partial<RemoteKeySettings>): number => {
      const copy = createCopy(settings);
      confirm(copy, setOf(A));
      return confirm(copy, setOf(B), { freshnessSeconds: 3000 }).lifetimeSeconds;
    };
    assert.equal(lifetime({ minRefreshSeconds: 60, removalGraceSeconds: 300 }), 60);
    assert.equal(lifetime({ minRefreshSeconds: 60, removalGraceSeconds: 20 }), 20);
  });

  test("does not put off the end of the grace by being confirmed, and is compared with the set before it", () => {
    const copy = createCopy({ removalGraceSeconds: 10 });
    confirm(copy, setOf(A, B, C));
    confirm(copy, setOf(A), { at: 1000 });
    assert.equal(confirm(copy, setOf(A), { at: 5000 }).isSuspicious, true);
    assert.equal(idsIn(copy, "a", "b", "c"), "abc");
    assert.equal(confirm(copy, setOf(A), { at: 10_999 }).isSuspicious, true);
    assert.equal(confirm(copy, setOf(A), { at: 11_000 }).isSuspicious, false);
    assert.equal(idsIn(copy, "a", "b", "c"), "a");
  });

  test("is believed at once where there is no grace", () => {
    const copy = createCopy({ removalGraceSeconds: 0 });
    confirm(copy, setOf(A, B, C));
    assert.equal(confirm(copy, setOf(A), { at: 1000 }).isSuspicious, false);
    assert.equal(idsIn(copy, "a", "b"), "a");
  });

  test("ends the suspicion where the missing keys come back", () => {
    const copy = createCopy();
    confirm(copy, setOf(A, B, C));
    confirm(copy, setOf(D), { at: 1000 });
    assert.equal(confirm(copy, setOf(A, B, D), { at: 2000 }).isSuspicious, false);
    assert.equal(idsIn(copy, "a", "b", "c", "d"), "abd");
  });

  test("is compared with nothing where the copy may no longer be used", () => {
    const copy = createCopy({ maxStaleSeconds: 0 });
    confirm(copy, setOf(A, B), { freshnessSeconds: 60 });
    assert.equal(confirm(copy, setOf(C), { at: 60_000 }).isSuspicious, false);
    assert.equal(idsIn(copy, "a", "b", "c"), "c");
  });
});

describe("a stored copy", () => {
  test("counts as expired, is served while the source fails, and as long as its age allows", () => {
    const copy = createCopy({ maxStaleSeconds: 100 });
    copy.restore({ set: setOf(A), text: "a" }, { now: 5000, ageMs: 30_000 });
    assert.equal(copy.isServing(5000), false);
    assert.equal(copy.sequence, 0);
    copy.fail(5000);
    assert.equal(copy.isServing(5000), true);
    assert.equal(copy.usableUntil, 75_000);
    assert.equal(copy.isRecent(5000), false);
    assert.equal(idsIn(copy, "a", "b"), "a");
    assert.equal(copy.isHoldingBack, false);
  });
});
