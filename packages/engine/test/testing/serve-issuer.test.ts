import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTestClock, createTestIssuer, startKeyServer } from "countersign/testing";
import { createValidator } from "../../src/validator/create-validator.ts";

const algorithms = ["ES256"] as const;

describe("createTestIssuer({ serve: true })", () => {
  for (const source of ["jwksUri", "discovery"] as const) {
    test(`is trusted by a validator that takes the keys by ${source}, through a rotation`, async () => {
      const clock = createTestClock();
      await using issuer = await createTestIssuer({ serve: true, algorithms, clock });
      const validator = createValidator({ issuers: [issuer.validatorOptions(source)], clock });
      try {
        await validator.ready();
        assert.equal((await validator.validate(await issuer.tokens.valid())).ok, true);
        assert.equal(issuer.server?.countRequests("/jwks"), 1);
        await issuer.rotate("ES256");
        clock.advance({ seconds: 31 });
        assert.equal((await validator.validate(await issuer.tokens.valid())).ok, true);
        assert.equal(issuer.server?.countRequests("/jwks"), 2);
      } finally {
        await validator.close();
      }
    });
  }

  test("publishes what it has at each request, and metadata that names it", async () => {
    await using issuer = await createTestIssuer({ serve: true, algorithms });
    assert.equal(issuer.issuer, issuer.server?.url);
    await issuer.rotate("ES256");
    const jwks: unknown = await (await fetch(issuer.jwksUri ?? "")).json();
    assert.deepEqual(jwks, issuer.jwks());
    for (const name of ["openid-configuration", "oauth-authorization-server"]) {
      const metadata: unknown = await (await fetch(`${issuer.issuer}/.well-known/${name}`)).json();
      const { issuer: named, jwks_uri } = metadata as { issuer: string; jwks_uri: string };
      assert.deepEqual([named, jwks_uri], [issuer.issuer, issuer.jwksUri]);
    }
  });

  test("plays the faults that are switched on", async () => {
    await using issuer = await createTestIssuer({ serve: true, algorithms });
    issuer.server?.faults.set("/jwks", { status: 500 });
    assert.equal((await fetch(issuer.jwksUri ?? "")).status, 500);
  });

  test("keeps an issuer name of one's own, and is no longer there once closed", async () => {
    const issuer = await createTestIssuer({ serve: true, algorithms, issuer: "https://idp.example.com/" });
    assert.equal(issuer.issuer, "https://idp.example.com/");
    await issuer.close();
    await issuer.close();
    await assert.rejects(fetch(issuer.jwksUri ?? ""));
  });

  test("publishes no secrets", async () => {
    await assert.rejects(createTestIssuer({ serve: true, algorithms: ["HS256"] }), TypeError);
  });

  test("gives remote sources only where it serves", async () => {
    const issuer = await createTestIssuer({ algorithms });
    assert.throws(() => issuer.validatorOptions("discovery"), TypeError);
    assert.deepEqual([issuer.jwksUri, issuer.server], [undefined, undefined]);
    await issuer.close();
  });
});

describe("startKeyServer", () => {
  test("starts without an issuer as well", async () => {
    await using server = await startKeyServer();
    server.documents.set("/a", { b: 1 });
    assert.deepEqual(await (await fetch(`${server.url}/a`)).json(), { b: 1 });
  });
});
