import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type BindingOptions,
  createValidator,
  type ReplayStore,
  type ValidationContext,
  type Verdict,
} from "countersign";
import {
  createClientCertificate,
  createDpopClient,
  createTestClock,
  createTestIssuer,
  type DpopClient,
  TEST_PROOF_NAMES,
  TEST_PROOFS,
} from "countersign/testing";

const clock = createTestClock(1_700_000_000_000);
const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
const client = await createDpopClient({ clock });
const request = { method: "GET", url: "https://api.test/orders" };

function open(
  binding?: "required" | "unchecked" | BindingOptions,
  replay?: ReplayStore,
): ReturnType<typeof createValidator> {
  const options = { ...issuer.validatorOptions(), ...(binding !== undefined && { binding }) };
  return createValidator({ issuers: [options], clock, ...(replay && { replay }) });
}

function nameVerdict(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

function show(proofs: readonly string[]): ValidationContext {
  return { presentation: { scheme: "DPoP", proofs, ...request } };
}

async function present(token: string, by: DpopClient = client): Promise<ValidationContext> {
  return show([await by.prove({ ...request, token })]);
}

describe("a validator", () => {
  test("accepts a bound token with a proof, once", async () => {
    const validator = open();
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const presentation = await present(token);
    assert.equal(nameVerdict(await validator.validate(token, presentation)), "ok");
    assert.equal(nameVerdict(await validator.validate(token, presentation)), "dpop_proof_invalid");
    assert.equal(nameVerdict(await validator.validate(token, await present(token))), "ok");
    assert.equal((await validator.verify(token, await present(token))).claims.sub, "user-1");
    await assert.rejects(() => validator.verify(token, presentation), { reason: "dpop_proof_invalid" });
  });

  test("refuses a bound token without a presentation, and under Bearer", async () => {
    const validator = open();
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const proofs = [await client.prove({ ...request, token })];
    assert.equal(nameVerdict(await validator.validate(token)), "binding_missing");
    assert.equal(nameVerdict(validator.validateSync(token)), "binding_missing");
    const bearer = { presentation: { scheme: "Bearer", proofs, ...request } } as const;
    assert.equal(nameVerdict(await validator.validate(token, bearer)), "binding_missing");
  });

  test("refuses an unbound token under DPoP, and where a binding is demanded", async () => {
    const token = await issuer.sign();
    assert.equal(nameVerdict(await open().validate(token, await present(token))), "binding_missing");
    assert.equal(nameVerdict(await open({ unbound: "refused" }).validate(token)), "binding_missing");
    assert.equal(nameVerdict(await open().validate(token, { presentation: { scheme: "Bearer" } })), "ok");
  });

  for (const name of TEST_PROOF_NAMES) {
    const { make, expected } = TEST_PROOFS[name];
    test(`answers ${expected} for the ready-made proof ${name}`, async () => {
      const token = await issuer.sign({ cnf: { jkt: client.jkt } });
      const proof = await make({ client, request: { ...request, token } });
      const verdict = await open().validate(token, show([proof]));
      assert.equal(nameVerdict(verdict), expected);
    });
  }

  test("accepts a token that is bound to a certificate with that certificate alone", async () => {
    const [ours, other] = [await createClientCertificate(), await createClientCertificate()];
    const token = await issuer.sign({ cnf: { "x5t#S256": ours.sha256 } });
    const validator = open();
    const presentWith = async (certificate?: Uint8Array): Promise<string> => {
      const presentation = { scheme: "Bearer", ...(certificate !== undefined && { certificate }) } as const;
      const verdict = validator.judge(token, { presentation });
      assert.ok(!(verdict instanceof Promise), "nothing to wait for once the signature is known");
      return nameVerdict(verdict);
    };
    for (let turn = 0; turn < 3; turn++) await validator.validate(token);
    assert.equal(await presentWith(ours.der), "ok");
    assert.equal(await presentWith(other.der), "binding_mismatch");
    assert.equal(await presentWith(), "binding_missing");
  });

  test("gives the nonce to repeat the request with", async () => {
    const nonce = { secrets: [{ bytes: new Uint8Array(32).fill(7) }] };
    const validator = open({ dpop: { nonce } });
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const refused = await validator.validate(token, await present(token));
    assert.ok(!refused.ok);
    assert.equal(refused.reason, "dpop_nonce_required");
    assert.match(refused.dpopNonce ?? "", /^[A-Za-z0-9_-]{43}$/);
    const proof = await client.prove({ ...request, token, nonce: refused.dpopNonce ?? "" });
    assert.equal(nameVerdict(await validator.validate(token, show([proof]))), "ok");
  });

  test("gives the next nonce with the acceptance once the proof's is not the newest, and not before", async () => {
    const nonce = { secrets: [{ bytes: new Uint8Array(32).fill(7) }] };
    let nowMs = 1_700_000_000_000;
    const validator = createValidator({
      issuers: [{ ...issuer.validatorOptions(), binding: { dpop: { nonce } } }],
      clock: () => nowMs,
    });
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const prove = async (dpopNonce: string): Promise<Verdict> =>
      validator.validate(token, show([await client.prove({ ...request, token, nonce: dpopNonce })]));
    const refused = await prove("none");
    const first = refused.dpopNonce ?? "";
    const fresh = await prove(first);
    assert.deepEqual([nameVerdict(fresh), fresh.dpopNonce], ["ok", undefined]);
    nowMs += 60_000;
    const later = await prove(first);
    assert.equal(nameVerdict(later), "ok");
    assert.match(later.dpopNonce ?? "", /^[A-Za-z0-9_-]{43}$/);
    assert.ok(Object.isFrozen(later) && later.dpopNonce !== first);
    const last = await prove(later.dpopNonce ?? "");
    assert.deepEqual([nameVerdict(last), last.dpopNonce], ["ok", undefined]);
  });

  test("uses up no proof of a token that it refuses, and none where it explains", async () => {
    const keys: string[] = [];
    const store: ReplayStore = {
      use: async (key) => {
        keys.push(key);
        return "first";
      },
    };
    const validator = open(undefined, store);
    const cnf = { jkt: client.jkt };
    const expired = await issuer.sign({ cnf, iat: 1_699_990_000, exp: 1_699_990_300 });
    const forged = `${(await issuer.sign({ cnf })).slice(0, -6)}AAAAAA`;
    for (const token of [expired, forged]) {
      assert.equal((await validator.validate(token, await present(token))).ok, false);
    }
    assert.deepEqual(keys, []);
    const token = await issuer.sign({ cnf });
    const explanation = await validator.explain(token, await present(token));
    assert.equal(explanation.verdict.ok, true);
    assert.equal(explanation.steps.at(-1)?.outcome, "passed");
    assert.deepEqual(keys, []);
  });

  test("explains what binding a token lacks", async () => {
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const step = (await open().explain(token)).steps.at(-1);
    assert.equal(step?.name, "cnf");
    assert.equal(step.outcome, "failed");
    assert.equal(step.found, "cnf, and no proof with the token");
  });

  test("answers 503 where the store of used proofs does not", async () => {
    const store: ReplayStore = { use: () => Promise.reject(new Error("gone")) };
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const verdict = await open(undefined, store).validate(token, await present(token));
    assert.ok(!verdict.ok);
    assert.deepEqual([verdict.reason, verdict.fault], ["replay_store_unavailable", "system"]);
  });

  test("judges again without a proof what passed with one, and anything else as before", async () => {
    const again = { presentation: "unchecked" } as const;
    const bound = await issuer.sign({ cnf: { jkt: client.jkt } });
    assert.equal(nameVerdict(await open().validate(bound, again)), "ok");
    assert.equal(nameVerdict(await open({ unbound: "refused" }).validate(await issuer.sign(), again)), "ok");
    assert.equal(nameVerdict(await open().validate(await issuer.tokens.expired(), again)), "token_expired");
  });

  test("leaves the proof to the caller where the binding is unchecked", async () => {
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    assert.equal(nameVerdict(await open("unchecked").validate(token)), "ok");
    assert.equal(
      nameVerdict(await open("unchecked").validate(token, { presentation: { scheme: "DPoP" } })),
      "ok",
    );
  });

  test("refuses a store that is none", () => {
    for (const replay of [null, {}, { use: true }, "redis"]) {
      const options = {
        issuers: [issuer.validatorOptions()],
        replay: replay as unknown as ReplayStore,
      };
      assert.throws(() => createValidator(options), { path: "replay" });
    }
  });
});
