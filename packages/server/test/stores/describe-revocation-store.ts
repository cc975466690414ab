/** What every store of revocations has to do, whatever it keeps them in. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Revocation } from "countersign";
import {
  type FeedPage,
  MAX_APPENDED,
  MAX_PAGE,
  MAX_PER_TARGET,
  RETENTION_MS,
  RevocationConflictError,
  RevocationLimitError,
  type RevocationStore,
} from "../../src/stores/revocation-store.ts";
import { createRevocation, ISSUER, LATER_MS, subjectTarget } from "./sample-revocations.ts";

/** A place for revocations that is empty at first, and that several stores can share. */
export interface StorePlace {
  /** Another store on the same revocations, as another process would open it; its clock can be set. */
  open(clock?: () => number): Promise<RevocationStore>;
  /** Whatever was opened is closed and gone. */
  dispose(): Promise<void>;
}

export function describeRevocationStore(
  name: string,
  { skip, createPlace }: { readonly skip: string | false; readonly createPlace: () => Promise<StorePlace> },
): void {
  describe(`revocations in ${name}`, { skip }, () => {
    let place: StorePlace;
    let store: RevocationStore;
    let other: RevocationStore;

    before(async () => {
      place = await createPlace();
      store = await place.open();
      other = await place.open();
    });
    after(() => place.dispose());

    async function headOf(): Promise<number> {
      return (await store.read({ after: 0, limit: 1 })).head.position;
    }

    async function readAfter(position: number): Promise<FeedPage> {
      return other.read({ after: position, limit: MAX_PAGE });
    }

    function idsOf({ records }: FeedPage): readonly (string | undefined)[] {
      return records.map(({ change }) =>
        change?.type === "revoked" ? change.revocation.id : change?.lift.id,
      );
    }

    it("gives back to another process exactly what was appended, in order", async () => {
      const start = await headOf();
      const appended: readonly Revocation[] = [
        createRevocation(),
        createRevocation({ target: { kind: "key", issuer: ISSUER, value: "k-1 \u00e9\u{1f511}'\"%" } }),
        createRevocation({ target: { kind: "issuer", issuer: ISSUER, issuedBeforeSeconds: 4_294_967_294 } }),
        createRevocation({ target: subjectTarget("user", 0), status: "suspended" }),
        createRevocation({
          target: {
            kind: "session",
            issuer: "i".repeat(2048),
            value: "s".repeat(1024),
            issuedBeforeSeconds: 1,
          },
          actor: "a".repeat(256),
          reason: "r".repeat(1024),
          expiresAtMs: 4_294_967_294_000,
        }),
        createRevocation({ target: { kind: "client", issuer: ISSUER, value: "c", issuedBeforeSeconds: 1 } }),
      ];
      const results = await store.append(appended);
      assert.deepEqual(
        results,
        appended.map(({ id }, index) => ({ id, position: start + 1 + index, outcome: "added" })),
      );
      const { records, head } = await readAfter(start);
      assert.deepEqual(
        records.map(({ change }) => change),
        appended.map((revocation) => ({ type: "revoked", revocation })),
      );
      assert.deepEqual(head, { position: records.at(-1)?.position, mark: records.at(-1)?.mark });
    });

    it("chains records by marks that nobody can guess", async () => {
      const start = await headOf();
      const { head } = await readAfter(start);
      await store.append([createRevocation(), createRevocation()]);
      await other.append([createRevocation()]);
      const { records } = await readAfter(start);
      const marks = [head.mark, ...records.map(({ mark }) => mark)];
      assert.deepEqual(
        records.map(({ previousMark }) => previousMark),
        marks.slice(0, -1),
      );
      assert.equal(new Set(marks).size, marks.length);
      for (const mark of marks) assert.match(mark, /^[0-9a-f]{16}$/);
    });

    it("takes the same twice as once, and tells where it stands", async () => {
      const revocation = createRevocation();
      const [first] = await store.append([revocation]);
      const position = await headOf();
      const again = { ...revocation, actor: "someone else", createdAtMs: 5 };
      assert.deepEqual(await other.append([again]), [{ ...first, outcome: "known" }]);
      const twice = createRevocation();
      const results = await store.append([twice, twice]);
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ["added", "known"],
      );
      assert.equal(await headOf(), position + 1);
    });

    it("refuses an id that stands for something else, and then stores nothing of the call", async () => {
      const revocation = createRevocation();
      await store.append([revocation]);
      const position = await headOf();
      for (const change of [
        { status: "suspended" },
        { expiresAtMs: LATER_MS + 1 },
        { target: { kind: "token", issuer: ISSUER, value: "other" } },
        { target: { ...revocation.target, kind: "key" } },
        { target: { ...revocation.target, issuer: "https://other.example.com/" } },
      ] as const) {
        const conflict = { ...revocation, ...change };
        await assert.rejects(store.append([createRevocation(), conflict]), RevocationConflictError);
      }
      assert.equal(await headOf(), position);
    });

    it("refuses what is malformed or too much, before it stores anything", async () => {
      const position = await headOf();
      const many = Array.from({ length: MAX_APPENDED + 1 }, () => createRevocation());
      await assert.rejects(store.append(many), RangeError);
      await assert.rejects(
        store.append([createRevocation(), createRevocation({ id: "a b" })]),
        /revocations\[1\]\.id/,
      );
      await assert.rejects(store.append([createRevocation({ reason: "" })]), RangeError);
      await assert.rejects(store.lift({ id: "a", actor: "", reason: "b", liftedAtMs: 1 }), RangeError);
      await assert.rejects(store.read({ after: -1, limit: 1 }), RangeError);
      await assert.rejects(store.read({ after: 0, limit: MAX_PAGE + 1 }), RangeError);
      await assert.rejects(store.read({ after: 0.5, limit: 1 }), RangeError);
      await assert.rejects(store.list({ filter: {}, limit: 0 }), RangeError);
      await assert.rejects(store.expire(0), RangeError);
      const { signal } = new AbortController();
      await assert.rejects(store.waitForChange({ after: 0, timeoutMs: 60_001, signal }), RangeError);
      assert.equal(await headOf(), position);
      assert.deepEqual(await store.append([]), []);
    });

    it("takes as many at once as it says", async () => {
      const many = Array.from({ length: MAX_APPENDED }, () => createRevocation());
      const start = await headOf();
      assert.equal((await store.append(many)).length, MAX_APPENDED);
      assert.deepEqual(
        idsOf(await readAfter(start)),
        many.map(({ id }) => id),
      );
    });

    it("gives pages that follow each other without a gap", async () => {
      const start = await headOf();
      const appended = Array.from({ length: 7 }, () => createRevocation());
      await store.append(appended);
      const seen: (string | undefined)[] = [];
      for (let position = start; ; ) {
        const page = await other.read({ after: position, limit: 3 });
        seen.push(...idsOf(page));
        assert.equal(page.head.position, start + 7);
        if (page.records.length < 3) break;
        position = page.records.at(-1)?.position ?? 0;
      }
      assert.deepEqual(
        seen,
        appended.map(({ id }) => id),
      );
    });

    it("orders what several processes append at once, and loses none of it", async () => {
      const start = await headOf();
      const appended = Array.from({ length: 40 }, () => createRevocation());
      const results = await Promise.all(
        appended.map((revocation, index) => (index % 2 === 0 ? store : other).append([revocation])),
      );
      const positions = results.flat().map(({ position }) => position);
      assert.deepEqual(
        positions.toSorted((left, right) => left - right),
        appended.map((_, index) => start + 1 + index),
      );
      const { records } = await readAfter(start);
      for (const [index, { change, position }] of records.entries()) {
        const at = positions.indexOf(position);
        assert.deepEqual(change, { type: "revoked", revocation: appended[at] }, `record ${index}`);
      }
    });

    it("lets exactly one of several processes add the same", async () => {
      const revocation = createRevocation();
      const results = await Promise.all(
        [store, other, store, other].map((each) => each.append([revocation])),
      );
      const outcomes = results.flat().map(({ outcome }) => outcome);
      assert.equal(outcomes.filter((outcome) => outcome === "added").length, 1);
      assert.equal(new Set(results.flat().map(({ position }) => position)).size, 1);
    });

    it("lifts one revocation, and says what remains of others for the same target and status", async () => {
      const late = createRevocation({ target: subjectTarget("lifted", 900), expiresAtMs: LATER_MS });
      const long = createRevocation({ target: subjectTarget("lifted", 500), expiresAtMs: LATER_MS + 5000 });
      const suspended = createRevocation({ target: subjectTarget("lifted", 999), status: "suspended" });
      const elsewhere = createRevocation({
        target: { ...subjectTarget("lifted", 999), issuer: "https://other.example.com/" },
      });
      const mistaken = createRevocation({ target: subjectTarget("lifted", 1000) });
      const lapsed = createRevocation({ target: subjectTarget("lifted", 2000), expiresAtMs: Date.now() - 1 });
      await store.append([late, long, suspended, elsewhere, mistaken, lapsed]);
      const start = await headOf();
      const lift = { id: mistaken.id, actor: "other operator", reason: "wrong user", liftedAtMs: 1234 };
      assert.deepEqual(await other.lift(lift), { outcome: "lifted", position: start + 1 });
      assert.deepEqual(await store.lift(lift), { outcome: "known", position: start + 1 });
      const { records } = await readAfter(start);
      assert.deepEqual(
        records.map(({ change }) => change),
        [
          {
            type: "lifted",
            lift,
            lifted: {
              target: mistaken.target,
              status: "revoked",
              remaining: { issuedBeforeSeconds: 900, expiresAtMs: LATER_MS + 5000 },
            },
          },
        ],
      );
      await store.lift({ ...lift, id: late.id });
      await store.lift({ ...lift, id: long.id });
      const last = (await readAfter(start + 2)).records.at(-1)?.change;
      assert.equal(last?.type === "lifted" && last.lifted.remaining, undefined);
      // What was lifted stays so when it is said again.
      assert.equal((await store.append([mistaken]))[0]?.outcome, "known");
    });

    it("lifts what has no cut-off, and knows nothing of what it never had", async () => {
      const target = { kind: "token", issuer: ISSUER, value: "twice" } as const;
      const first = createRevocation({ target });
      await store.append([first, createRevocation({ target })]);
      const lift = { id: first.id, actor: "a", reason: "b", liftedAtMs: 1 };
      const { position } = await store.lift(lift);
      const change = (await readAfter((position ?? 0) - 1)).records[0]?.change;
      assert.deepEqual(change?.type === "lifted" && change.lifted.remaining, { expiresAtMs: LATER_MS });
      assert.deepEqual(await store.lift({ ...lift, id: "never" }), {
        outcome: "unknown",
        position: undefined,
      });
    });

    it("bounds how many revocations one target has at a time", async () => {
      const target = subjectTarget("often", 5);
      for (let left = MAX_PER_TARGET; left > 0; left -= MAX_APPENDED) {
        await store.append(Array.from({ length: MAX_APPENDED }, () => createRevocation({ target })));
      }
      await assert.rejects(store.append([createRevocation({ target })]), RevocationLimitError);
      await store.append([createRevocation({ target, status: "suspended" })]);
      const [newest] = (
        await store.list({ filter: { value: "often", issuer: ISSUER, status: "revoked" }, limit: 1 })
      ).entries;
      await store.lift({ id: newest?.revocation.id ?? "", actor: "a", reason: "b", liftedAtMs: 1 });
      await store.append([createRevocation({ target })]);
    });

    it("lists newest first, page by page, by every filter", async () => {
      const issuer = "https://listed.example.com/";
      const make = (changes: Partial<Revocation>): Revocation => createRevocation(changes);
      const appended = [
        make({ target: { kind: "token", issuer, value: "a" } }),
        make({ target: { kind: "key", issuer, value: "a" }, actor: "signals" }),
        make({ target: { kind: "token", issuer, value: "b" }, status: "suspended" }),
        make({ target: { kind: "token", issuer, value: "c" }, actor: "signals" }),
        make({ target: { kind: "issuer", issuer, issuedBeforeSeconds: 5 } }),
      ];
      await store.append(appended);
      await store.lift({ id: appended[3]?.id ?? "", actor: "a", reason: "b", liftedAtMs: 1 });
      const cases = [
        [{ issuer }, [4, 3, 2, 1, 0]],
        [{ issuer, kind: "token" }, [3, 2, 0]],
        [{ issuer, value: "a" }, [1, 0]],
        [{ issuer, status: "suspended" }, [2]],
        [{ issuer, actor: "signals" }, [3, 1]],
        [{ issuer, kind: "token", value: "b" }, [2]],
        [{ id: appended[4]?.id ?? "" }, [4]],
        [{ id: appended[4]?.id ?? "", kind: "token" }, []],
        [{ id: "never" }, []],
        [{ issuer: "https://listed.example.com" }, []],
      ] as const;
      for (const [filter, expected] of cases) {
        for (const limit of [1, 2, MAX_PAGE]) {
          const found: Revocation[] = [];
          let next: number | undefined = Number.MAX_SAFE_INTEGER;
          while (next !== undefined) {
            const page = await other.list({ filter, limit, before: next });
            assert.ok(page.entries.length <= limit);
            found.push(...page.entries.map(({ revocation }) => revocation));
            next = page.next;
          }
          assert.deepEqual(
            found,
            expected.map((index) => appended[index]),
            JSON.stringify({ filter, limit }),
          );
        }
      }
      const { entries } = await other.list({ filter: { issuer }, limit: 10 });
      assert.deepEqual(
        entries.map(({ isLifted }) => isLifted),
        [false, true, false, false, false],
      );
      assert.equal(entries[0]?.position, (entries[1]?.position ?? 0) + 1);
    });

    it("wakes those who wait as soon as another process appends", async () => {
      const position = await headOf();
      const { signal } = new AbortController();
      let isAwake = false;
      const waiting = store.waitForChange({ after: position, timeoutMs: 30_000, signal }).then(() => {
        isAwake = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(isAwake, false);
      await other.append([createRevocation()]);
      await waiting;
      // Who has not seen the last record does not wait at all.
      await store.waitForChange({ after: position, timeoutMs: 30_000, signal });
    });

    it("gives with the news what a look would give, or nothing", async () => {
      const position = await headOf();
      await other.append([createRevocation(), createRevocation(), createRevocation()]);
      const { signal } = new AbortController();
      for (const limit of [2, 10]) {
        const news = await store.waitForChange({ after: position, limit, timeoutMs: 30_000, signal });
        if (news === undefined) continue;
        const page = await store.read({ after: position, limit });
        assert.deepEqual(news.records, page.records);
        const { position: at, mark } = news.records.at(-1) ?? news.head;
        assert.deepEqual(news.head, { position: at, mark });
      }
    });

    it("waits no longer than it is told to", async () => {
      const position = await headOf();
      const aborter = new AbortController();
      await store.waitForChange({ after: position, timeoutMs: 20, signal: aborter.signal });
      const waiting = store.waitForChange({ after: position, timeoutMs: 60_000, signal: aborter.signal });
      aborter.abort();
      await waiting;
      await store.waitForChange({ after: position, timeoutMs: 60_000, signal: aborter.signal });
    });

    it("forgets what expired long ago, in slices, and still says where its end is", async () => {
      const lapsedPlace = await place.open(() => LATER_MS + RETENTION_MS + 10_000);
      const lasting = createRevocation({ expiresAtMs: LATER_MS + 10_001 });
      const lifted = createRevocation({ expiresAtMs: LATER_MS + 9999 });
      await store.append([lasting, lifted]);
      await store.lift({ id: lifted.id, actor: "a", reason: "b", liftedAtMs: 1 });
      const head = (await store.read({ after: 0, limit: 1 })).head;
      const before = (await readAll(store)).length;
      assert.equal(await store.expire(100), 0);
      assert.equal(await lapsedPlace.expire(3), 3);
      let cleared = 3;
      for (;;) {
        const count = await lapsedPlace.expire(MAX_PAGE);
        cleared += count;
        if (count === 0) break;
      }
      const left = await readAll(store);
      assert.ok(left.some((id) => id === lasting.id));
      assert.ok(!left.some((id) => id === lifted.id));
      assert.equal(left.length, before - cleared);
      assert.deepEqual((await store.read({ after: head.position, limit: 1 })).head, head);
      assert.deepEqual(await store.list({ filter: { id: lifted.id }, limit: 1 }), {
        entries: [],
        next: undefined,
      });
      assert.equal(
        (await store.lift({ id: lifted.id, actor: "a", reason: "b", liftedAtMs: 1 })).outcome,
        "unknown",
      );
      // The target has room again.
      await store.append([createRevocation({ target: subjectTarget("often", 5) })]);
    });

    it("rejects everything once it is closed, and what waits too", async () => {
      const closed = await place.open();
      const position = await headOf();
      const { signal } = new AbortController();
      const waiting = closed
        .waitForChange({ after: position, timeoutMs: 60_000, signal })
        .catch(() => undefined);
      await closed.close();
      await waiting;
      await assert.rejects(closed.append([createRevocation()]), /closed/);
      await assert.rejects(closed.read({ after: 0, limit: 1 }), /closed/);
      await closed.close();
    });
  });
}

async function readAll(store: RevocationStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let position = 0; ; ) {
    const { records } = await store.read({ after: position, limit: MAX_PAGE });
    for (const { change } of records) ids.push(change?.type === "revoked" ? change.revocation.id : "lift");
    const last = records.at(-1);
    if (last === undefined) return ids;
    position = last.position;
  }
}
