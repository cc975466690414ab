import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RevocationList } from "../../src/ports.ts";
import type { Refusal } from "../../src/refusal.ts";
import type { VerifiedToken } from "../../src/signature/verified-token.ts";
import { checkFirstUse } from "../../src/status/check-first-use.ts";
import { checkRevocation } from "../../src/status/check-revocation.ts";
import { ISSUER, NOW_SECONDS, tokenOf } from "./revocation-cases.ts";

describe("the check of revocation", () => {
  function check(
    found: "revoked" | "suspended" | undefined,
    isFresh: boolean,
    freshness: "required" | "unchecked",
  ) {
    const list: RevocationList = { find: () => found, isFresh: () => isFresh };
    return checkRevocation(tokenOf({}), { list, freshness })?.reason;
  }

  it("refuses what is known whether the list is fresh or not", () => {
    for (const isFresh of [true, false]) {
      for (const freshness of ["required", "unchecked"] as const) {
        assert.equal(check("revoked", isFresh, freshness), "token_revoked");
        assert.equal(check("suspended", isFresh, freshness), "token_suspended");
      }
    }
  });

  it("cannot tell from a stale list that nothing was revoked, where freshness is required", () => {
    assert.equal(check(undefined, true, "required"), undefined);
    assert.equal(check(undefined, false, "unchecked"), undefined);
    assert.equal(check(undefined, false, "required"), "revocation_unavailable");
  });
});

describe("the check of first use", () => {
  const token = {
    ...tokenOf({ jti: "a" }),
    expiresAt: NOW_SECONDS * 1000,
  } as unknown as VerifiedToken;

  async function check(
    use: () => Promise<"first" | "seen">,
    changes: object = {},
  ): Promise<Refusal | undefined> {
    return checkFirstUse(
      { ...token, ...changes },
      {
        store: { use },
        clockToleranceSeconds: 30,
      },
    );
  }

  it("lets the first pass, and refuses the second", async () => {
    assert.equal(await check(async () => "first"), undefined);
    assert.equal((await check(async () => "seen"))?.reason, "token_replayed");
  });

  it("names the token by issuer and jti, for as long as it can be accepted and a minute more", async () => {
    const calls: unknown[] = [];
    const use = async (key: string, expiresAtMs: number): Promise<"first"> => {
      calls.push([key, expiresAtMs]);
      return "first";
    };
    await check(use as () => Promise<"first">);
    assert.deepEqual(calls, [[`jti ${ISSUER.length} ${ISSUER}a`, (NOW_SECONDS + 90) * 1000]]);
  });

  it("lets nothing pass where the store rejects, throws or answers anything else", async () => {
    const broken: readonly (() => Promise<"first">)[] = [
      () => Promise.reject(new Error("gone")),
      () => {
        throw new Error("gone");
      },
      async () => "maybe" as "first",
      async () => undefined as unknown as "first",
    ];
    for (const use of broken) {
      const refusal = await check(use);
      assert.equal(refusal?.reason, "replay_store_unavailable");
      assert.equal(refusal.retryAfterSeconds, 1);
    }
  });

  it("asks for jti and exp, without which a use cannot be remembered", async () => {
    const use = (): Promise<"first"> => assert.fail("the store was asked");
    assert.equal((await check(use, { claims: { iss: ISSUER } }))?.reason, "claim_missing");
    assert.equal((await check(use, { claims: { iss: ISSUER, jti: "" } }))?.reason, "claim_missing");
    assert.equal((await check(use, { expiresAt: Number.POSITIVE_INFINITY }))?.reason, "claim_missing");
  });
});
