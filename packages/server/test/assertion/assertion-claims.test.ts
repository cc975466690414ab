import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Accepted, createValidator } from "countersign";
import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { createPrincipalDescriber } from "../../src/assertion/assertion-claims.ts";

const [main, other] = [
  await createTestIssuer({ issuer: "https://main.test/" }),
  await createTestIssuer({ issuer: "https://other.test/" }),
];
const validator = createValidator({
  issuers: [
    { ...main.validatorOptions(), name: "main" },
    { ...other.validatorOptions(), name: "other" },
  ],
});

async function accept(issuer: TestIssuer, claims: object): Promise<Accepted> {
  const verdict = await validator.validate(await issuer.sign(claims as Parameters<TestIssuer["sign"]>[0]));
  if (!verdict.ok) throw new assert.AssertionError({ message: verdict.reason });
  return verdict;
}

function describer(subjects?: "plain" | "qualified"): ReturnType<typeof createPrincipalDescriber> {
  return createPrincipalDescriber({
    header: "assertion",
    issuer: "https://sidecar.test",
    audience: "orders",
    lifetimeSeconds: 60,
    claims: ["email", "tenant"],
    keys: { algorithm: "ES256", store: "memory", rotationSeconds: 86_400 },
    ...(subjects !== undefined && { subjects }),
  });
}

describe("what an assertion says", () => {
  it("tells the same subject of two issuers apart, where it is to", async () => {
    const [ours, theirs] = [await accept(main, { sub: "ada" }), await accept(other, { sub: "ada" })];
    const qualified = describer("qualified");
    assert.deepEqual([qualified(ours, "a")["sub"], qualified(theirs, "a")["sub"]], ["main|ada", "other|ada"]);
    const plain = describer("plain");
    assert.deepEqual([plain(ours, "a")["sub"], plain(theirs, "a")["sub"]], ["ada", "ada"]);
    const id = (issuer: string): object => ({ format: "iss_sub", iss: issuer, sub: "ada" });
    assert.deepEqual(plain(ours, "a")["sub_id"], id("https://main.test/"));
    assert.deepEqual(plain(theirs, "a")["sub_id"], id("https://other.test/"));
  });

  it("is what was configured and nothing else of the token", async () => {
    const verdict = await accept(main, { sub: "ada", email: "a@b.c", phone: "1", tenant: null });
    const { aud, sub, email, tenant, phone, cnf } = describer()(verdict, "orders");
    assert.deepEqual(
      [aud, sub, email, tenant, phone, cnf],
      ["orders", "ada", "a@b.c", null, undefined, undefined],
    );
  });
});
