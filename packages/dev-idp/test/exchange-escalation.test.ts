import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { decodeJwt, type JWTPayload } from "jose";
import {
  API,
  type ExchangeStage,
  exchangeToken,
  getToken,
  introspect,
  REPORTS,
  revoke,
  startStage,
} from "./exchange-kit.ts";

const SCOPES = ["orders:read", "orders:write", "admin"];
const BY = ["gateway", "reporter", "silent", "stranger"];
const TARGETS = [API, REPORTS, "https://elsewhere.test"];

const WILD = fc.record({
  by: fc.constantFrom(...BY),
  resource: fc.constantFrom(...TARGETS),
  scope: fc.option(
    fc.subarray(SCOPES, { minLength: 1 }).map((scopes) => scopes.join(" ")),
    { nil: undefined },
  ),
});
/** Steps that the table has, so that chains become long. */
const KNOWN = fc.constantFrom(
  { by: "gateway", resource: REPORTS, scope: undefined },
  { by: "silent", resource: REPORTS, scope: "orders:read" },
  { by: "reporter", resource: API, scope: undefined },
);
const STEP = fc.oneof({ arbitrary: WILD, weight: 1 }, { arbitrary: KNOWN, weight: 3 });

function listActors({ act }: JWTPayload): unknown[] {
  const actors: unknown[] = [];
  for (let actor = act as { sub: unknown; act?: unknown } | undefined; actor !== undefined; ) {
    actors.push(actor.sub);
    actor = actor.act as typeof actor;
  }
  return actors;
}

describe("whatever is exchanged for whatever", () => {
  let stage: ExchangeStage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.idp.close());

  it("never does more, lives longer, is for more audiences, or forgets an actor", async () => {
    const { idp } = stage;
    let issued = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(SCOPES.slice(0, 2), { minLength: 1 }),
        fc.array(STEP, { minLength: 1, maxLength: 8 }),
        async (scopes, steps) => {
          let token = await getToken(idp, "stranger", { scope: scopes.join(" ") });
          for (const { by, resource, scope } of steps) {
            const before = decodeJwt(token);
            const { status, body } = await exchangeToken(idp, token, { by, resource, scope });
            if (status !== 200) {
              assert.match(String(body["error"]), /^(invalid_(request|target|scope)|unauthorized_client)$/);
              continue;
            }
            token = String(body["access_token"]);
            issued += 1;
            const after = decodeJwt(token);
            const had = new Set(String(before["scope"]).split(" "));
            assert.ok(
              String(after["scope"])
                .split(" ")
                .every((name) => had.has(name)),
            );
            if (scope !== undefined)
              assert.deepEqual(String(after["scope"]).split(" ").toSorted(), scope.split(" ").toSorted());
            assert.ok(Number(after.exp) <= Number(before.exp));
            assert.equal(after.aud, resource);
            assert.equal(after.sub, before.sub);
            assert.equal(after["client_id"], by);
            assert.notEqual(after.jti, before.jti);
            assert.deepEqual(
              listActors(after),
              by === "silent" ? listActors(before) : [by, ...listActors(before)],
            );
            assert.ok(listActors(after).length <= 4);
          }
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(issued >= 20, `only ${issued} exchanges were granted`);
  });

  it("is gone once the subject is revoked, however close together the two come", async () => {
    const { idp } = stage;
    const outcomes = new Set<number>();
    for (let round = 0; round < 20; round += 1) {
      const subject = await getToken(idp, "stranger");
      const early = Array.from({ length: 3 }, () => exchangeToken(idp, subject));
      const revoking = revoke(idp, subject, "stranger");
      const answers = await Promise.all([
        ...early,
        ...Array.from({ length: 3 }, () => exchangeToken(idp, subject)),
      ]);
      const revoked = await revoking;
      assert.equal(revoked.status, 200);
      for (const { status, body } of answers) {
        outcomes.add(status);
        if (status === 200)
          assert.deepEqual(await introspect(idp, String(body["access_token"])), { active: false });
      }
    }
    assert.ok(outcomes.has(200), "some exchange has to come before its revocation");
  });
});
