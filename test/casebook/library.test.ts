import assert from "node:assert/strict";
import { ConfigurationError, createValidator, TokenRejected } from "countersign";
import { extractBearer } from "countersign/http";
import { createAuthorizer } from "countersign/lambda";
import { createTestClock, createTestIssuer, createTestKey, startKeyServer } from "countersign/testing";
import fc from "fast-check";
import { describeProofs } from "./describe-proofs.ts";

const INVENTED_KEYS = 200;

describeProofs("library", {
  "31 tells yes from no by one member, and throws where nobody looks": async () => {
    const issuer = await createTestIssuer();
    const validator = createValidator({ issuers: [issuer.validatorOptions()] });
    const good = await validator.validate(await issuer.sign());
    assert.equal(good.ok, true);
    for (const token of ["", "opaque", await issuer.tokens.expired(), await issuer.tokens.algNone()]) {
      const verdict = await validator.validate(token);
      assert.equal(verdict.ok, false);
      assert.ok(!("token" in verdict) && !("principal" in verdict), "nothing that could be used");
      await assert.rejects(validator.verify(token), TokenRejected);
    }
    await validator.close();
  },

  "38 fetches nothing from where a token's jku, x5u or iss points": async () => {
    await using attacker = await startKeyServer();
    await using issuer = await createTestIssuer({ serve: true });
    const key = await createTestKey("RS256");
    attacker.documents.set("/jwks", { keys: [key.publicJwk] });
    const document = { issuer: attacker.url, jwks_uri: `${attacker.url}/jwks` };
    attacker.documents.set("/.well-known/openid-configuration", document);
    const validator = createValidator({ issuers: [issuer.validatorOptions("discovery")] });
    const jwks = `${attacker.url}/jwks`;
    const tokens = [
      await issuer.sign({}, { key, header: { jku: jwks, x5u: jwks } }),
      await issuer.sign({ iss: attacker.url }, { key }),
      await issuer.sign({ iss: `${issuer.issuer}@${attacker.url.slice(7)}` }, { key, header: { jku: jwks } }),
    ];
    for (const token of tokens) assert.equal((await validator.validate(token)).ok, false);
    assert.equal((await validator.validate(await issuer.sign())).ok, true, "the issuer's own place is asked");
    assert.equal(attacker.countRequests(), 0);
    await validator.close();
  },

  "38 follows no metadata and no redirect of an issuer into the local network": async () => {
    const issuer = await createTestIssuer({ issuer: "https://idp.test" });
    const inner = [
      "https://10.0.0.1/jwks",
      "https://169.254.169.254/",
      "https://localhost/jwks",
      "https://[::1]/jwks",
    ];
    for (const jwks_uri of inner) {
      for (const respond of [
        () => Response.json({ issuer: issuer.issuer, jwks_uri }),
        () => new Response(null, { status: 302, headers: { location: jwks_uri } }),
      ]) {
        const asked: string[] = [];
        const validator = createValidator({
          issuers: [{ ...issuer.validatorOptions(), keys: { discovery: true } }],
          fetch: async (url) => {
            asked.push(new URL(url).host);
            return respond();
          },
        });
        const verdict = await validator.validate(await issuer.sign());
        assert.equal(verdict.ok ? "ok" : verdict.reason, "keys_unavailable", jwks_uri);
        assert.deepEqual([...new Set(asked)], ["idp.test"]);
        await validator.close();
      }
    }
  },

  "40 makes no authorizer whose answers would be remembered for other routes": async () => {
    const issuer = await createTestIssuer();
    const validator = createValidator({ issuers: [issuer.validatorOptions()] });
    const caching = { identitySources: ["$request.header.Authorization"] };
    const routes = { "GET /public": {}, "GET /admin": { require: { roles: { any: ["admin"] } } } };
    for (const options of [
      { format: "http-2.0-simple", caching },
      { format: "http-2.0-iam", caching, routes },
      { format: "http-1.0", caching, routes },
    ] as const) {
      assert.throws(() => createAuthorizer({ validator, ...options }), ConfigurationError);
      const identitySources = [...caching.identitySources, "$context.routeKey"];
      createAuthorizer({ validator, ...options, caching: { identitySources } });
    }
    await validator.close();
  },

  "40 allows the whole stage only where all its routes ask the same": async () => {
    const issuer = await createTestIssuer();
    const validator = createValidator({ issuers: [issuer.validatorOptions()] });
    const stage = "arn:aws:execute-api:eu-west-1:123456789012:abc/prod";
    const event = {
      type: "REQUEST",
      methodArn: `${stage}/GET/orders/1`,
      httpMethod: "GET",
      path: "/orders/1",
      resource: "/orders/{id}",
      headers: { Authorization: `Bearer ${await issuer.sign()}` },
      requestContext: {},
    } as const;
    const options = { validator, format: "rest-request", caching: "off" } as const;
    const same = await createAuthorizer(options)(event);
    const differing = await createAuthorizer({ ...options, routes: { "GET /orders/{id}": {} } })(event);
    assert.ok("policyDocument" in same && "policyDocument" in differing);
    assert.equal(same.policyDocument.Statement[0].Resource, `${stage}/*`);
    assert.equal(differing.policyDocument.Statement[0].Resource, `${stage}/GET/orders/*`);
    await validator.close();
  },

  "41 fetches at most once more for two hundred invented keys, and lets none in": async () => {
    await using issuer = await createTestIssuer({ serve: true });
    const clock = createTestClock();
    const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
    await validator.ready();
    const before = issuer.server?.countRequests() ?? 0;
    const key = await createTestKey("RS256");
    const verdicts = await Promise.all(
      Array.from({ length: INVENTED_KEYS }, async (_, index) =>
        validator.validate(await issuer.sign({}, { key, header: { kid: `invented-${index}` } })),
      ),
    );
    const reasons = new Set(verdicts.map((verdict) => (verdict.ok ? "ok" : verdict.reason)));
    for (const reason of reasons) assert.ok(["key_unknown", "keys_stale"].includes(reason), reason);
    assert.ok((issuer.server?.countRequests() ?? 0) - before <= 1);
    await validator.close();
  },

  "43 uses stale keys for as long as it was told, then calls itself unavailable": async () => {
    const clock = createTestClock();
    await using issuer = await createTestIssuer({ serve: true, clock });
    const { jwksUri = "" } = issuer;
    const keys = { jwksUri, insecureLoopbackHttp: true, maxStaleSeconds: 7200 };
    const validator = createValidator({ issuers: [{ ...issuer.validatorOptions(), keys }], clock });
    await validator.ready();
    issuer.server?.faults.set("*", { status: 500 });
    clock.advance({ seconds: 7000 });
    assert.equal((await validator.validate(await issuer.sign())).ok, true);
    clock.advance({ seconds: 300 });
    const verdict = await validator.validate(await issuer.sign());
    assert.equal(verdict.ok ? "ok" : verdict.reason, "keys_unavailable");
    assert.equal(verdict.ok ? "ok" : verdict.fault, "system");
    issuer.server?.faults.clear();
    clock.advance({ seconds: 120 });
    assert.equal((await validator.validate(await issuer.sign())).ok, true, "and recovers");
    await validator.close();
  },

  "46 reads any header without throwing and without finding a token that is not there": () => {
    const piece = fc.constantFrom(
      "Bearer",
      "bearer",
      "DPoP",
      "Basic",
      " ",
      "  ",
      "\t",
      ",",
      ";",
      "=",
      '"',
      "\\",
      ".",
      "a",
      "é",
      "\0",
    );
    const value = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (values) => {
        const found = extractBearer(values);
        if (found.kind !== "token") return;
        assert.equal(values.length, 1, "of two, none is picked");
        assert.match(values[0] ?? "", /^(?:bearer|dpop) +[A-Za-z0-9\-._~+/]+=*$/i);
        assert.ok(values[0]?.endsWith(found.token));
      }),
      { numRuns: 5000 },
    );
  },
});
