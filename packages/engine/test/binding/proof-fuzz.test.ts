import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Refusal } from "../../src/refusal.ts";
import { setScene, TOKEN, URL_OF_REQUEST } from "./scene.ts";

const REQUEST = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };

test("no other text than a proof's own is that proof: each change of one character is refused, without a throw", async () => {
  const { present, prove } = await setScene();
  const proof = await prove();
  assert.equal(await present({ proofs: [proof] }), "ok");
  const character = fc.oneof(fc.constantFrom(..."AZaz09-_.= ,"), fc.string({ unit: "binary", maxLength: 2 }));
  await fc.assert(
    fc.asyncProperty(fc.nat(proof.length - 1), character, fc.boolean(), async (at, text, inserts) => {
      const changed = proof.slice(0, at) + text + proof.slice(inserts ? at : at + 1);
      if (changed === proof) return;
      assert.match(await present({ proofs: [changed] }), /^(dpop_proof_invalid|binding_mismatch)$/);
    }),
    { numRuns: 500 },
  );
});

test("whatever the members of a signed proof are, it passes only with those of the request, and nothing throws", async () => {
  const { client, binding, clock } = await setScene();
  const good = { iat: clock.now / 1000, htm: "GET", htu: URL_OF_REQUEST };
  const changes = fc.record(
    {
      jti: fc.jsonValue(),
      htm: fc.oneof(fc.constant("GET"), fc.jsonValue()),
      htu: fc.oneof(fc.constant(URL_OF_REQUEST), fc.webUrl(), fc.jsonValue()),
      iat: fc.oneof(fc.constant(good.iat), fc.double(), fc.jsonValue()),
      nonce: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const header = fc.record(
    {
      typ: fc.jsonValue(),
      alg: fc.jsonValue(),
      jwk: fc.jsonValue(),
      crit: fc.jsonValue(),
      kid: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const rare = fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, { arbitrary: header, weight: 1 });
  await fc.assert(
    fc.asyncProperty(changes, rare, async (claims, changedHeader) => {
      const proof = await client.prove(REQUEST, { claims, header: changedHeader });
      const presentation = { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST } as const;
      const outcome = await binding.prove(
        { text: TOKEN, claims: { cnf: { jkt: client.jkt } } },
        presentation,
      );
      assert.ok(outcome !== undefined);
      if (outcome instanceof Refusal) return;
      const all = { ...good, ...claims };
      assert.deepEqual([all.htm, typeof all.htu], ["GET", "string"]);
      assert.ok(typeof all.iat === "number" && Math.abs(all.iat - good.iat) <= 60);
    }),
    { numRuns: 300 },
  );
});
