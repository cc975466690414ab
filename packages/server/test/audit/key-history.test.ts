import assert from "node:assert/strict";
import { test } from "node:test";

import type { AuditDraft } from "../../src/audit/audit-event.ts";
import { KeyHistory } from "../../src/audit/key-history.ts";

const A = { keyId: "a", algorithm: "ES256" };
const B = { keyId: "b", algorithm: "ES256" };

function used(keyId: string, timeMs: number): AuditDraft {
  return { event: "key.first_used", issuer: "main", keyId, algorithm: "ES256", timeMs };
}

function changed(
  added: readonly (typeof A)[],
  removed: readonly (typeof A)[] = [],
): Parameters<KeyHistory["change"]>[0] {
  return { type: "key_set_changed", issuer: "main", added, removed };
}

test("a key that came later has the age that it had when it was first used; one that was there at the start has none", () => {
  const history = new KeyHistory();
  history.change(changed([A]), 1000);
  history.change(changed([B]), 10_000);
  assert.equal(history.describeFirstUse(used("a", 20_000))?.keyAgeSeconds, undefined);
  assert.equal(history.describeFirstUse(used("b", 20_000))?.keyAgeSeconds, 10);
});

test("a first use is told once, whichever process saw it", () => {
  const history = new KeyHistory();
  history.change(changed([A]), 1000);
  assert.ok(history.describeFirstUse(used("a", 2000)) !== undefined);
  assert.equal(history.describeFirstUse(used("a", 2001)), undefined);
});

test("keys that a new configuration brings again are not new, and new material under an old id is", () => {
  const history = new KeyHistory();
  history.change(changed([A]), 1000);
  assert.deepEqual(history.change(changed([A]), 2000).added, []);
  const { added, removed } = history.change(changed([A], [A]), 3000);
  assert.deepEqual([added, removed], [[A], [A]]);
  assert.equal(history.describeFirstUse(used("a", 4000))?.keyAgeSeconds, 1);
});

test("keys that are written in the configuration are told once too", () => {
  const history = new KeyHistory();
  assert.ok(history.describeFirstUse(used("inline", 1000)) !== undefined);
  assert.equal(history.describeFirstUse(used("inline", 2000)), undefined);
});
