import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { useOnce } from "../../src/binding/use-once.ts";
import type { ReplayStore } from "../../src/ports.ts";
import { nameOutcome, setScene, TOKEN, URL_OF_REQUEST } from "./scene.ts";

function createStore(): ReplayStore & { readonly uses: Map<string, number> } {
  const uses = new Map<string, number>();
  return {
    uses,
    async use(key, expiresAtMs) {
      const isFirst = !uses.has(key);
      uses.set(key, expiresAtMs);
      return isFirst ? "first" : "seen";
    },
  };
}

describe("a proof that is recorded", () => {
  // V-DP-10; RFC 9449 section 11.1
  test("passes once, whatever presents it again", async () => {
    const replay = createStore();
    const { client, present } = await setScene({ replay });
    const request = { token: TOKEN, method: "GET", url: URL_OF_REQUEST };
    const proof = await client.prove(request, { claims: { jti: "one" } });
    assert.equal(await present({ proofs: [proof] }), "ok");
    assert.equal(await present({ proofs: [proof] }), "dpop_proof_invalid");
    const resigned = await client.prove(request, { claims: { jti: "one" } });
    assert.equal(await present({ proofs: [resigned] }), "dpop_proof_invalid");
    assert.equal(await present({ proofs: [await client.prove(request)] }), "ok");
    assert.equal(replay.uses.size, 2);
  });

  test("is known by key, htu and jti together, by a hash of bounded length", async () => {
    const replay = createStore();
    const [one, other] = [await setScene({ replay }), await setScene({ replay })];
    const changes = { claims: { jti: "j".repeat(256) } };
    for (const { client, present } of [one, other]) {
      for (const url of [URL_OF_REQUEST, `${URL_OF_REQUEST}/1`]) {
        const proof = await client.prove({ token: TOKEN, method: "GET", url }, changes);
        assert.equal(await present({ proofs: [proof], url }), "ok");
      }
    }
    assert.equal(replay.uses.size, 4);
    for (const [key, expiresAtMs] of replay.uses) {
      assert.match(key, /^dpop:[A-Za-z0-9_-]{43}$/);
      assert.equal(expiresAtMs, 1_700_000_000_000 + 70_000);
    }
  });

  test("of a hundred at once passes once", async () => {
    const { present, prove } = await setScene({ replay: createStore() });
    const proofs = [await prove()];
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => present({ proofs })));
    assert.equal(outcomes.filter((outcome) => outcome === "ok").length, 1);
  });

  test("is not used up by a request that is refused, nor by who explains", async () => {
    const replay = createStore();
    const { client, binding, present, prove } = await setScene({ replay });
    const proof = await prove();
    assert.equal(await present({ proofs: [proof], method: "POST" }), "dpop_proof_invalid");
    assert.equal(await present({ proofs: [`${proof.slice(0, -4)}AAAA`] }), "dpop_proof_invalid");
    assert.equal(await present({ proofs: [proof] }, { cnf: { jkt: "A".repeat(43) } }), "binding_mismatch");
    const token = { text: TOKEN, claims: { cnf: { jkt: client.jkt } } };
    await binding.prove(token, { scheme: "DPoP", proofs: [proof], method: "GET", url: URL_OF_REQUEST });
    assert.equal(replay.uses.size, 0);
    assert.equal(await present({ proofs: [proof] }), "ok");
  });
});

describe("a store that cannot tell", () => {
  const use = { key: "k", expiresAtMs: 1 };

  test("lets nobody pass, whatever it does", async () => {
    const stores: readonly ReplayStore["use"][] = [
      () => Promise.reject(new Error("gone")),
      () => {
        throw new Error("gone");
      },
      () => Promise.resolve(undefined as unknown as "first"),
      () => Promise.resolve(true as unknown as "first"),
    ];
    for (const store of stores) {
      const refusal = await useOnce({ use: store }, use);
      assert.equal(nameOutcome(refusal), "replay_store_unavailable");
      assert.equal(refusal?.retryAfterSeconds, 1);
    }
  });

  test("is waited for a second and no longer", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const answer = useOnce({ use: () => new Promise(() => undefined) }, use);
      mock.timers.tick(999);
      assert.equal(await Promise.race([answer, Promise.resolve("waiting")]), "waiting");
      mock.timers.tick(1);
      assert.equal(nameOutcome(await answer), "replay_store_unavailable");
    } finally {
      mock.timers.reset();
    }
  });
});
