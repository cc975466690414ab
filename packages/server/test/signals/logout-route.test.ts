import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventVerdict, IssuerOptions } from "countersign";

import { createLogoutRoute, listLogoutIssuers } from "../../src/signals/logout-route.ts";
import { type AppendResult, StoreUnavailableError } from "../../src/stores/revocation-store.ts";

const ISSUER: IssuerOptions = {
  issuer: "https://id.test",
  name: "main",
  audiences: ["api"],
  keys: { discovery: true },
};
const LOGOUT = { issuer: "main", audiences: ["app"], ends: "session", maxAgeSeconds: 600 } as const;

describe("the issuers of logout tokens", () => {
  it("have the keys of their access tokens, and what is said of them beside", () => {
    const plain = {
      issuer: ISSUER.issuer,
      name: "main",
      keys: ISSUER.keys,
      audiences: ["app"],
      maxAgeSeconds: 600,
    };
    assert.deepEqual(listLogoutIssuers([LOGOUT], [ISSUER]), [plain]);
    const detailed = { ...ISSUER, algorithms: ["ES256"], clockToleranceSeconds: 5 } as const;
    assert.deepEqual(listLogoutIssuers([{ ...LOGOUT, types: ["JWT"] }], [detailed]), [
      { ...plain, types: ["JWT"], algorithms: ["ES256"], clockToleranceSeconds: 5 },
    ]);
  });

  it("are none where a reload took them away", () => {
    assert.deepEqual(listLogoutIssuers([LOGOUT], [{ ...ISSUER, name: "other" }]), []);
  });
});

describe("logout tokens", () => {
  it("are counted by what became of them", async () => {
    const good = {
      ok: true,
      event: { issuer: "main", claims: { iss: ISSUER.issuer, jti: "j", sub: "alice", iat: 5 } },
    } as unknown as EventVerdict;
    const bad = { ok: false, stage: "claims", message: "m" } as const;
    const known = (): AppendResult["outcome"] => "known";
    const fail = (): never => {
      throw new StoreUnavailableError("away");
    };
    for (const [verdict, append, expected] of [
      [good, () => "added", { source: "main", outcome: "revoked" }],
      [good, known, { source: "main", outcome: "repeated" }],
      [good, fail, { source: "main", outcome: "failed" }],
      [
        { ...bad, fault: "client", reason: "token_expired", issuer: "main" },
        fail,
        { source: "main", outcome: "refused", reason: "token_expired" },
      ],
      [
        { ...bad, fault: "client", reason: "issuer_untrusted" },
        fail,
        { source: "_untrusted", outcome: "refused", reason: "issuer_untrusted" },
      ],
      [
        { ...bad, fault: "system", reason: "keys_unavailable", issuer: "main" },
        fail,
        { source: "main", outcome: "failed", reason: "keys_unavailable" },
      ],
    ] as const satisfies readonly (readonly [EventVerdict, () => AppendResult["outcome"], object])[]) {
      const counted: object[] = [];
      const route = createLogoutRoute({
        configuration: [LOGOUT],
        verifier: { verify: async () => verdict },
        revocations: {
          store: {
            append: async ([first]) => [{ id: first?.id ?? "", position: 1, outcome: append() }],
          },
        },
        issuers: () => [ISSUER],
        validator: () => assert.fail("no token is validated"),
        clock: () => 10_000,
        logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
        metrics: { recordSignal: (sample) => void counted.push(sample) },
      });
      const call = { parameters: {}, query: {}, body: { logout_token: "t" }, headers: new Map(), actor: "" };
      const answer = Promise.resolve().then(() => route.handle(call));
      if (verdict === good && append === fail) await assert.rejects(answer, StoreUnavailableError);
      else await answer;
      assert.deepEqual(counted, [{ kind: "logout", ...expected }]);
    }
  });
});
