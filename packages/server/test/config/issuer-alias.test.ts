import assert from "node:assert/strict";
import { it } from "node:test";

import { createValidator } from "countersign";
import { createTestIssuer } from "countersign/testing";

import { isRemoteIssuer, nameIssuer } from "../../src/config/issuer-alias.ts";

it("an issuer has the alias that the library reports it by", async () => {
  for (const url of [
    "https://idp.example.com/",
    "https://idp.example.com:8443/realms/a",
    "https://[2001:db8::1]:8443/",
  ]) {
    const issuer = await createTestIssuer({ issuer: url, algorithms: ["ES256"] });
    const options = issuer.validatorOptions();
    const verdict = await createValidator({ issuers: [options] }).validate(await issuer.sign());
    assert.ok(verdict.ok);
    assert.equal(nameIssuer(options), verdict.token.issuer);
  }
});

it("an issuer is remote where its keys are fetched", () => {
  assert.equal(isRemoteIssuer({ keys: { discovery: true } }), true);
  assert.equal(isRemoteIssuer({ keys: { jwksUri: "https://a/jwks" } }), true);
  assert.equal(isRemoteIssuer({ keys: { jwks: { keys: [] } } }), false);
});
