import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endRevocation } from "../../src/status/end-revocation.ts";
import {
  findRevocationProblem,
  MAX_TIME_MS,
  MAX_TIME_SECONDS,
  REVOCATION_KINDS,
  type Revocation,
  type RevocationKind,
} from "../../src/status/revocation.ts";
import { revocationOf, targetOf } from "./revocation-cases.ts";

describe("the form of a revocation", () => {
  const token = targetOf("token", "a");
  const subject = targetOf("subject", "u", 5);

  it("takes every kind with the members that it has", () => {
    const good = [
      token,
      subject,
      targetOf("session", "s", 0),
      targetOf("client", "c", MAX_TIME_SECONDS),
      targetOf("issuer", undefined, 5),
      targetOf("key", "k"),
    ];
    for (const target of good)
      assert.equal(findRevocationProblem(revocationOf(target)), undefined, target.kind);
    assert.deepEqual(new Set(good.map(({ kind }) => kind)), new Set(REVOCATION_KINDS));
  });

  it("takes texts and times up to their bounds, and names the member that is beyond", () => {
    const cases: readonly (readonly [string, Partial<Revocation>, Partial<Revocation>])[] = [
      ["id", { id: "x".repeat(128) }, { id: "x".repeat(129) }],
      ["id", { id: "A-z.0_9:" }, { id: "a b" }],
      ["actor", { actor: "x".repeat(256) }, { actor: "x".repeat(257) }],
      ["actor", {}, { actor: "" }],
      ["reason", { reason: "x".repeat(1024) }, { reason: "x".repeat(1025) }],
      ["reason", {}, { reason: "two\nlines" }],
      ["status", { status: "suspended" }, { status: "lost" as "revoked" }],
      ["createdAtMs", { createdAtMs: 0 }, { createdAtMs: -1 }],
      ["expiresAtMs", { expiresAtMs: MAX_TIME_MS }, { expiresAtMs: MAX_TIME_MS + 1 }],
      ["expiresAtMs", {}, { expiresAtMs: 1.5 }],
      ["target.kind", {}, { target: { ...token, kind: "toString" as RevocationKind } }],
      [
        "target.issuer",
        { target: { ...token, issuer: "x".repeat(2048) } },
        { target: { ...token, issuer: "x".repeat(2049) } },
      ],
      [
        "target.value",
        { target: { ...token, value: "x".repeat(1024) } },
        { target: { ...token, value: "x".repeat(1025) } },
      ],
      [
        "target.value",
        { target: { ...token, value: "\ud83d\ude00" } },
        { target: { ...token, value: "\ud83d" } },
      ],
      ["target.value", {}, { target: targetOf("issuer", "x", 5) }],
      ["target.value", {}, { target: targetOf("token") }],
      ["target.issuedBeforeSeconds", {}, { target: targetOf("subject", "u") }],
      ["target.issuedBeforeSeconds", {}, { target: targetOf("subject", "u", MAX_TIME_SECONDS + 1) }],
      ["target.issuedBeforeSeconds", {}, { target: targetOf("token", "a", 5) }],
      ["target.issuedBeforeSeconds", {}, { target: targetOf("key", "a", 5) }],
    ];
    for (const [member, good, bad] of cases) {
      assert.equal(
        findRevocationProblem(revocationOf(token, good)),
        undefined,
        JSON.stringify(good).slice(0, 80),
      );
      const problem = findRevocationProblem(revocationOf(token, bad));
      assert.equal(problem?.split(":")[0], member, JSON.stringify(bad).slice(0, 80));
    }
  });
});

describe("the end of a revocation", () => {
  it("is ten minutes after the token can last be accepted anywhere", () => {
    assert.equal(endRevocation({ tokenExpiresAtMs: 1_000_000.5 }), 1_600_001);
    assert.equal(endRevocation({ issuedBeforeSeconds: 1000, maxLifetimeSeconds: 60 }), (1061 + 600) * 1000);
  });

  it("is the last moment of all for tokens that never expire", () => {
    assert.equal(endRevocation({ tokenExpiresAtMs: Number.POSITIVE_INFINITY }), MAX_TIME_MS);
    assert.equal(endRevocation({ tokenExpiresAtMs: Number.NaN }), MAX_TIME_MS);
    assert.equal(endRevocation({ issuedBeforeSeconds: 1, maxLifetimeSeconds: undefined }), MAX_TIME_MS);
    assert.equal(endRevocation({ tokenExpiresAtMs: -1e9 }), 0);
  });
});
