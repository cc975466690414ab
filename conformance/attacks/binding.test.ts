/** Attacks on sender constraint, on both back ends: proofs that are none, and ways around having to show one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as nodeEngine from "countersign";
import {
  createClientCertificate,
  createDpopClient,
  createTestClock,
  createTestIssuer,
  TEST_PROOF_NAMES,
  TEST_PROOFS,
} from "countersign/testing";
import { type Engine, loadWebEngine } from "../kit/web-engine.ts";

const REQUEST = { method: "GET", url: "https://api.test/orders" };
const ENGINES: readonly (readonly [name: string, load: () => Promise<Engine>])[] = [
  ["Node", async () => nodeEngine],
  ["Web", loadWebEngine],
];

for (const [name, load] of ENGINES) {
  test(`J44 DPoP replay and swap: every ready-made proof is judged as its table says (${name})`, async (context) => {
    const { createValidator } = await load();
    const clock = createTestClock(1_700_000_000_000);
    const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
    const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
    for (const algorithm of ["ES256", "Ed25519", "PS256"] as const) {
      const client = await createDpopClient({ algorithm, clock });
      const token = await issuer.sign({ cnf: { jkt: client.jkt } });
      for (const kind of TEST_PROOF_NAMES) {
        await context.test(`${algorithm}: ${TEST_PROOFS[kind].description}`, async () => {
          const proof = await TEST_PROOFS[kind].make({ client, request: { ...REQUEST, token } });
          const presentation = { scheme: "DPoP", proofs: [proof], ...REQUEST } as const;
          const first = await validator.validate(token, { presentation });
          assert.equal(first.ok ? "ok" : first.reason, TEST_PROOFS[kind].expected);
          const again = await validator.validate(token, { presentation });
          assert.equal(again.ok, false);
          const elsewhere = { ...presentation, url: "https://api.test/accounts" };
          assert.equal((await validator.validate(token, { presentation: elsewhere })).ok, false);
        });
      }
    }
  });

  test(`J45 DPoP and mTLS downgrade: a bound token opens nothing without its proof (${name})`, async () => {
    const { createValidator } = await load();
    const clock = createTestClock(1_700_000_000_000);
    const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
    const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
    const [client, thief] = [await createDpopClient({ clock }), await createDpopClient({ clock })];
    const [ours, other] = [await createClientCertificate(), await createClientCertificate()];
    const jkt = await issuer.sign({ cnf: { jkt: client.jkt } });
    const certified = await issuer.sign({ cnf: { "x5t#S256": ours.sha256 } });
    const both = await issuer.sign({ cnf: { jkt: client.jkt, "x5t#S256": ours.sha256 } });
    const prove = (token: string, by = client): Promise<string> => by.prove({ ...REQUEST, token });
    const dpop = { scheme: "DPoP", ...REQUEST } as const;
    const bearer = { scheme: "Bearer", ...REQUEST } as const;
    const attempts: readonly (readonly [string, nodeEngine.Presentation | undefined])[] = [
      [jkt, undefined],
      [jkt, bearer],
      [jkt, { ...bearer, proofs: [await prove(jkt)] }],
      [jkt, dpop],
      [jkt, { ...dpop, proofs: [await prove(jkt, thief)] }],
      [jkt, { ...dpop, proofs: [await prove(jkt), await prove(jkt)] }],
      [jkt, { ...dpop, certificate: ours.der }],
      [certified, undefined],
      [certified, bearer],
      [certified, { ...bearer, certificate: other.der }],
      [certified, { ...dpop, certificate: ours.der, proofs: [await prove(certified)] }],
      [both, { ...bearer, certificate: ours.der }],
      [both, { ...dpop, proofs: [await prove(both)] }],
      [both, { ...dpop, proofs: [await prove(both)], certificate: other.der }],
      [await issuer.sign({ cnf: { kid: "k" } }), { ...dpop, proofs: [await prove(jkt)] }],
      [await issuer.sign(), { ...dpop, proofs: [await prove(jkt)] }],
    ];
    for (const [index, [token, presentation]] of attempts.entries()) {
      const verdict = await validator.validate(token, presentation && { presentation });
      assert.equal(verdict.ok, false, `attempt ${index}`);
      assert.equal(verdict.ok ? "" : verdict.stage, "binding", `attempt ${index}`);
    }
    const full = { ...dpop, proofs: [await prove(both)], certificate: ours.der };
    assert.equal((await validator.validate(both, { presentation: full })).ok, true);
  });
}
