import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  createJwks,
  findActive,
  promoteKey,
  rotateKeys,
  SigningError,
  startKeys,
  TokenSigner,
  type TokenSignerOptions,
} from "@countersign/signing-keys";
import { createValidator } from "countersign";
import { createSample, SAMPLE_OPTIONS, type SampleKeys } from "../kit/sample-keys.ts";

async function openSigner(
  sample: SampleKeys,
  options: Partial<TokenSignerOptions> = {},
): Promise<TokenSigner & AsyncDisposable> {
  const signer = new TokenSigner({ store: sample.store, backends: [sample.backend], ...options });
  await signer.start();
  return Object.assign(signer, { [Symbol.asyncDispose]: () => signer.close() });
}

describe("the signer of tokens", () => {
  it("signs with the active key, as verifiers want it", async () => {
    const sample = createSample();
    const { ledger } = await startKeys(sample.manager, SAMPLE_OPTIONS);
    await using signer = await openSigner(sample);
    const { token, keyId } = await signer.sign({
      claims: { sub: "ada", aud: "api", iss: "x" },
      lifetimeSeconds: 60,
    });
    assert.equal(keyId, findActive(ledger)?.keyId);
    const jwks = JSON.parse(createJwks(ledger, 0).body) as { keys: [] };
    const validator = createValidator({
      issuers: [{ issuer: SAMPLE_OPTIONS.issuer, audiences: ["api"], algorithms: ["ES256"], keys: { jwks } }],
    });
    const verdict = await validator.validate(token);
    assert.ok(verdict.ok, verdict.ok ? "" : verdict.reason);
    assert.equal(verdict.token.claims["iss"], SAMPLE_OPTIONS.issuer);
    await validator.close();
  });

  it("switches with the next reading of the ledger", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    await using signer = await openSigner(sample);
    const before = signer.keyId;
    await rotateKeys(sample.manager);
    sample.seconds = 100;
    const { ledger } = await rotateKeys(sample.manager);
    await signer.refresh();
    assert.notEqual(signer.keyId, before);
    assert.equal(signer.keyId, findActive(ledger)?.keyId);
  });

  it("refuses a token that lives longer than the plan counts on", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    await using signer = await openSigner(sample);
    await signer.sign({ claims: {}, lifetimeSeconds: 150 });
    for (const lifetimeSeconds of [150.1, 0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(signer.sign({ claims: {}, lifetimeSeconds }), RangeError);
    }
  });

  it("signs nothing where the ledger was not read for longer than Ps", async () => {
    const sample = createSample();
    await startKeys(sample.manager, {
      ...SAMPLE_OPTIONS,
      timing: { ...SAMPLE_OPTIONS.timing, switchSeconds: 0.05 },
    });
    let isDown = false;
    const store = { read: () => (isDown ? Promise.reject(new Error("down")) : sample.store.read()) };
    await using signer = await openSigner(sample, { store, intervalMs: 10_000 });
    await signer.refresh();
    await signer.sign({ claims: {}, lifetimeSeconds: 60 });
    isDown = true;
    await pause(60);
    assert.equal(signer.keyId, undefined);
    await assert.rejects(signer.sign({ claims: {}, lifetimeSeconds: 60 }), (error: unknown) => {
      assert.ok(error instanceof SigningError);
      assert.equal(error.kind, "unavailable");
      return true;
    });
    isDown = false;
    await signer.refresh();
    await signer.sign({ claims: {}, lifetimeSeconds: 60 });
  });

  it("goes on with the key that it has where the next cannot be opened, and tells", async () => {
    const sample = createSample();
    await startKeys(sample.manager, SAMPLE_OPTIONS);
    const failures: unknown[] = [];
    await using signer = await openSigner(sample, { onFailure: (error) => failures.push(error) });
    const { keyId } = await sample.manager.generate();
    const label = (await sample.manager.read()).keys.find((key) => key.keyId === keyId)?.label ?? "";
    sample.backend.keys.delete(label);
    await rotateKeys(sample.manager);
    await signer.refresh();
    assert.equal(failures.length, 1);
    await signer.sign({ claims: {}, lifetimeSeconds: 60 });
    await sample.manager.apply((ledger, context) => promoteKey(ledger, { ...context, keyId }), {
      isEmergency: true,
      reason: "test",
    });
    await assert.rejects(signer.refresh(), SigningError);
  });
});
