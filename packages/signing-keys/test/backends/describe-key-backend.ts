/** The contract that every back end keeps. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { importJWK, type JWK, jwtVerify } from "jose";
import {
  createPublicJwk,
  type GeneratedKey,
  type KeyBackend,
  type KeyReference,
  type SigningAlgorithm,
} from "../../src/index.ts";
import { expectFailure } from "./kit/expect-failure.ts";
import { AUDIENCE, ISSUER, issueToken, judgeToken } from "./kit/issue-token.ts";

export interface BackendPlace {
  /** A back end over the same place, as another process would open it. */
  open(): Promise<KeyBackend>;
  stop(): Promise<void>;
}

export interface BackendSubject {
  readonly name: string;
  readonly skip?: string | false;
  readonly algorithms: readonly SigningAlgorithm[];
  /** One that it has no keys for. */
  readonly missing: SigningAlgorithm;
  readonly start: () => Promise<BackendPlace>;
}

/** jose has no Ed448. */
const UNKNOWN_TO_JOSE: ReadonlySet<SigningAlgorithm> = new Set(["Ed448"]);
const CONCURRENT_SIGNATURES = 40;

let labels = 0;
export function takeLabel(): string {
  return `test-${process.pid}-${++labels}`;
}

export function describeKeyBackend(subject: BackendSubject): void {
  describe(`keys in ${subject.name}`, { skip: subject.skip ?? false }, () => {
    let place: BackendPlace;
    let backend: KeyBackend;
    before(async () => {
      place = await subject.start();
      backend = await place.open();
    });
    after(async () => {
      await backend.close();
      await place.stop();
    });
    const [usual] = subject.algorithms;
    if (usual === undefined) throw new Error("expected at least one algorithm");
    const generate = (): Promise<GeneratedKey> => backend.generate({ label: takeLabel(), algorithm: usual });

    for (const algorithm of subject.algorithms) {
      it(`signs ${algorithm} tokens that the engine and jose accept, also once it is opened anew`, async () => {
        const { reference, publicJwk } = await backend.generate({ label: takeLabel(), algorithm });
        assert.equal(reference.backend, backend.name);
        assert.equal(reference.keyId, publicJwk.kid);
        assert.deepEqual(createPublicJwk(algorithm, publicJwk), publicJwk);
        const stored = JSON.parse(JSON.stringify(reference)) as KeyReference;
        const other = await place.open();
        try {
          const signer = await other.open(stored);
          assert.deepEqual(signer.publicJwk, publicJwk);
          const token = await issueToken(signer);
          const verdict = await judgeToken(token, [publicJwk]);
          assert.equal(verdict.ok, true, verdict.ok ? "" : verdict.reason);
          if (UNKNOWN_TO_JOSE.has(algorithm)) return;
          const key = await importJWK(publicJwk as JWK, algorithm);
          await jwtVerify(token, key, { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] });
        } finally {
          await other.close();
        }
      });
    }

    it("gives each label a key of its own, and never the key of another caller", async () => {
      const label = takeLabel();
      const first = await backend.generate({ label, algorithm: usual });
      const second = await generate();
      assert.notEqual(first.publicJwk.kid, second.publicJwk.kid);
      await expectFailure(backend.generate({ label, algorithm: usual }), {
        kind: "refused",
        message: /exists/,
      });
      const signer = await backend.open(first.reference);
      const verdict = await judgeToken(await issueToken(signer), [second.publicJwk]);
      assert.equal(verdict.ok ? "" : verdict.reason, "key_unknown");
    });

    it("signs for many at once, each its own octets", async () => {
      const { reference, publicJwk } = await generate();
      const signer = await backend.open(reference);
      const subjects = Array.from({ length: CONCURRENT_SIGNATURES }, (_, index) => `user-${index}`);
      const tokens = await Promise.all(subjects.map((each) => issueToken(signer, each)));
      for (const [index, token] of tokens.entries()) {
        const verdict = await judgeToken(token, [publicJwk]);
        assert.equal(verdict.ok && verdict.token.claims.sub, subjects[index]);
      }
    });

    it("signs nothing more with a key that was destroyed, and destroys it twice like once", async () => {
      const { reference } = await generate();
      const signer = await backend.open(reference);
      await backend.destroy(reference);
      await backend.destroy(reference);
      await expectFailure(issueToken(signer), { kind: "refused" });
      await expectFailure(backend.open(reference), { kind: "refused" });
    });

    it("leaves the other keys alone when one is destroyed", async () => {
      const [gone, kept] = [await generate(), await generate()];
      await backend.destroy(gone.reference);
      const signer = await backend.open(kept.reference);
      assert.equal((await judgeToken(await issueToken(signer), [kept.publicJwk])).ok, true);
    });

    it("refuses a reference that is not to the key that was made", async () => {
      const { reference } = await generate();
      const other = await generate();
      const open = (changes: Partial<KeyReference>): Promise<unknown> =>
        backend.open({ ...reference, ...changes });
      await expectFailure(open({ keyId: other.reference.keyId }), {
        kind: "misconfigured",
        message: /thumbprint/,
      });
      await expectFailure(open({ backend: "another" }), { kind: "misconfigured" });
      await expectFailure(open({ id: "no/such id" }), { kind: "misconfigured" });
      await expectFailure(open({ id: `x${"y".repeat(2000)}` }), { kind: "misconfigured" });
      await expectFailure(open({ algorithm: usual === "ES384" ? "ES256" : "ES384" }), {
        kind: "misconfigured",
      });
      await expectFailure(backend.destroy({ ...reference, backend: "another" }), { kind: "misconfigured" });
      await expectFailure(backend.destroy({ ...reference, id: "no/such id" }), { kind: "misconfigured" });
      await backend.open(reference);
    });

    it("makes no keys that it has not, and none without a proper label", async () => {
      await expectFailure(backend.generate({ label: takeLabel(), algorithm: subject.missing }), {
        kind: "misconfigured",
      });
      for (const label of ["", "Upper", "a/b", "../a", "x".repeat(65)]) {
        await expectFailure(backend.generate({ label, algorithm: usual }), {
          kind: "misconfigured",
          message: /label/,
        });
      }
    });

    it("does nothing more once it is closed", async () => {
      const { reference } = await generate();
      const closing = await place.open();
      const signer = await closing.open(reference);
      await closing.close();
      await closing.close();
      await expectFailure(issueToken(signer), { kind: "unavailable", message: /closed/ });
      await expectFailure(closing.open(reference), { kind: "unavailable", message: /closed/ });
    });
  });
}
