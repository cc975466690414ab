import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryRevocationList, RevocationListFullError } from "../../src/status/memory-revocation-list.ts";
import { NOW_SECONDS, revocationOf, targetOf, tokenOf } from "./revocation-cases.ts";

function createList(options: { maxEntries?: number; maxStaleSeconds?: number } = {}): {
  readonly list: MemoryRevocationList;
  readonly clock: { ms: number };
} {
  const clock = { ms: NOW_SECONDS * 1000 };
  return { list: new MemoryRevocationList({ clock: () => clock.ms, ...options }), clock };
}

describe("a list of revocations", () => {
  it("refuses the token of an issuer and jti, and no other", () => {
    const { list } = createList();
    list.add(revocationOf(targetOf("token", "a")));
    assert.equal(list.find(tokenOf({ jti: "a" })), "revoked");
    assert.equal(list.find({ ...tokenOf({ jti: "a" }), keyId: "k" }), "revoked");
    for (const other of [
      { jti: "A" },
      { jti: "b" },
      { sub: "a" },
      {},
      { jti: "a", iss: "https://idp.example.com" },
    ]) {
      assert.equal(list.find(tokenOf(other)), undefined, JSON.stringify(other));
    }
    assert.equal(list.find({ claims: { jti: "a" }, keyId: undefined }), undefined);
  });

  it("refuses under a cut-off what was issued in its second or before, or at no stated time", () => {
    for (const [kind, claim] of [
      ["subject", "sub"],
      ["session", "sid"],
      ["client", "client_id"],
      ["client", "azp"],
      ["client", "cid"],
      ["issuer", "sub"],
    ] as const) {
      const { list } = createList();
      list.add(revocationOf(targetOf(kind, kind === "issuer" ? undefined : "u", 1000)));
      const ask = (iat: number | undefined): unknown => {
        const claims = {
          iss: "https://idp.example.com/",
          [claim]: "u",
          ...(iat === undefined ? {} : { iat }),
        };
        return list.find({ claims, keyId: undefined });
      };
      assert.equal(ask(999), "revoked");
      assert.equal(ask(1000), "revoked");
      assert.equal(ask(1000.9), "revoked");
      assert.equal(ask(1001), undefined);
      assert.equal(ask(undefined), "revoked");
    }
  });

  it("refuses what a revoked key signed, whenever that was", () => {
    const { list } = createList();
    list.add(revocationOf(targetOf("key", "k1")));
    assert.equal(list.find(tokenOf({ iat: NOW_SECONDS + 10 }, "k1")), "revoked");
    assert.equal(list.find(tokenOf({}, "k2")), undefined);
    assert.equal(list.find(tokenOf({}, undefined)), undefined);
  });

  it("says revoked where something is revoked as well as suspended", () => {
    const { list } = createList();
    list.add(revocationOf(targetOf("subject", "u", NOW_SECONDS), { status: "suspended" }));
    assert.equal(list.find(tokenOf({ sub: "u", jti: "a" })), "suspended");
    list.add(revocationOf(targetOf("token", "a")));
    assert.equal(list.find(tokenOf({ sub: "u", jti: "a" })), "revoked");
    list.lift({ target: targetOf("token", "a"), status: "revoked", remaining: undefined });
    assert.equal(list.find(tokenOf({ sub: "u", jti: "a" })), "suspended");
  });

  it("forgets in the very second of expiry, cleared out or not", () => {
    const { list, clock } = createList();
    for (const target of [targetOf("token", "a"), targetOf("issuer", undefined, 5), targetOf("key", "k")]) {
      list.add(revocationOf(target, { expiresAtMs: clock.ms + 1500 }));
    }
    const asked = [tokenOf({ jti: "a" }), tokenOf({ iat: 5 }), tokenOf({}, "k")];
    clock.ms += 1999;
    for (const token of asked) assert.equal(list.find(token), "revoked");
    clock.ms += 1;
    for (const token of asked) assert.equal(list.find(token), undefined);
    assert.equal(list.size, 1);
    assert.equal(list.clearOut(1), 1);
    assert.equal(list.size, 0);
    list.add(revocationOf(targetOf("token", "b"), { expiresAtMs: clock.ms }));
    assert.equal(list.size, 0);
  });

  it("lets nothing pass that it holds while the clock gives no time", () => {
    const { list, clock } = createList();
    list.add(revocationOf(targetOf("token", "a")));
    clock.ms = Number.NaN;
    assert.equal(list.find(tokenOf({ jti: "a" })), "revoked");
    assert.equal(list.clearOut(1), 0);
  });

  it("keeps the latest cut-off and expiry of what is said twice", () => {
    const { list, clock } = createList();
    list.add(revocationOf(targetOf("subject", "u", 100), { expiresAtMs: clock.ms + 1000 }));
    list.add(revocationOf(targetOf("subject", "u", 50), { expiresAtMs: clock.ms + 9000 }));
    clock.ms += 5000;
    assert.equal(list.find(tokenOf({ sub: "u", iat: 100 })), "revoked");
    assert.equal(list.find(tokenOf({ sub: "u", iat: 101 })), undefined);
    assert.equal(list.size, 1);
  });

  it("is fresh for maxStaleSeconds after what it was confirmed for, and not before the first time", () => {
    const { list, clock } = createList({ maxStaleSeconds: 2 });
    assert.equal(list.isFresh(), false);
    assert.equal(list.ageSeconds(), Number.POSITIVE_INFINITY);
    const asked = list.now();
    clock.ms += 1500;
    list.confirm(asked);
    clock.ms += 500;
    assert.equal(list.isFresh(), true);
    assert.equal(list.ageSeconds(), 2);
    clock.ms += 1;
    assert.equal(list.isFresh(), false);
    // An answer that comes late does not take back a later one.
    list.confirm(list.now());
    list.confirm(asked);
    assert.equal(list.isFresh(), true);
  });

  it("throws where there is no room for another entry, and still takes what it has", () => {
    const { list } = createList({ maxEntries: 2 });
    list.add(revocationOf(targetOf("token", "a")));
    list.add(revocationOf(targetOf("token", "b")));
    list.add(revocationOf(targetOf("token", "a")));
    assert.throws(() => list.add(revocationOf(targetOf("token", "c"))), RevocationListFullError);
    assert.equal(list.find(tokenOf({ jti: "c" })), undefined);
    assert.equal(list.find(tokenOf({ jti: "b" })), "revoked");
  });

  it("bounds the revoked keys of an issuer", () => {
    const { list } = createList();
    for (let count = 0; count < 10_000; count++) list.add(revocationOf(targetOf("key", `k${count}`)));
    assert.throws(() => list.add(revocationOf(targetOf("key", "more"))), RevocationListFullError);
    list.add(revocationOf(targetOf("key", "k0")));
  });

  it("bounds the issuers", () => {
    const { list } = createList();
    const add = (name: string): void => {
      list.add(revocationOf({ kind: "issuer", issuer: name, issuedBeforeSeconds: 1 }));
    };
    for (let count = 0; count < 100_000; count++) add(`https://${count}.example.com/`);
    assert.throws(() => add("https://more.example.com/"), RevocationListFullError);
  });

  it("refuses options outside their bounds", () => {
    for (const options of [{ maxStaleSeconds: 0 }, { maxStaleSeconds: 86_401 }, { maxEntries: 0.5 }]) {
      assert.throws(() => new MemoryRevocationList(options), RangeError);
    }
  });
});
