/** Signed identities through the proxy and every dialect, in one process and in several. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "node:test";
import { compileFunction } from "node:vm";
import { createValidator, type Validator } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";

import { headerOf, type RawAnswer, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";

const ISSUER = "https://sidecar.test";
const TYPE = "countersign-identity+jwt";

const issuer = await createTestIssuer();
const upstream = await startUpstream();
after(() => upstream.close());
beforeEach(() => {
  upstream.seen.length = 0;
});

const REST = `
routes:
  - { path: /**, allow: authenticated }
  - { path: /maybe, allow: optional }
  - { path: /reports/**, allow: authenticated, upstream: reports }
  - { path: /pay, allow: authenticated, upstream: reports, assertionAudience: pay }
upstream: ${upstream.url}
upstreams: { reports: { url: "${upstream.url}", assertionAudience: reports } }
identityHeaders:
  claims: { email: email }
  assertion: { issuer: "${ISSUER}", audience: orders, claims: [email], keys: { store: memory } }
`;
const listeners = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"';

function codeOf({ body }: RawAnswer): unknown {
  return (JSON.parse(body) as { readonly code?: unknown }).code;
}

for (const workers of [1, 2]) {
  describe(`identities that a sidecar of ${workers} process${workers === 1 ? "" : "es"} signs`, () => {
    let sidecar: Sidecar;
    let orders: Validator;

    before(async () => {
      sidecar = await startSidecar({
        issuers: [issuer.validatorOptions()],
        rest: `workers: ${workers}\n${REST}`,
        listeners,
      });
      orders = verifyFor("orders");
    });
    after(async () => {
      await orders.close();
      await sidecar.close();
    });

    function verifyFor(audience: string, options: object = {}): Validator {
      const jwksUri = `http://${sidecar.decision}/.well-known/jwks.json`;
      const keys = { jwksUri, insecureLoopbackHttp: true };
      return createValidator({
        issuers: [{ issuer: ISSUER, audiences: [audience], types: [TYPE], keys, ...options }],
      });
    }

    const send = (path: string, lines: readonly string[]): Promise<RawAnswer> =>
      sendRaw(sidecar.proxy, writeRequest(`GET ${path}`, ["Host: api.test", ...lines]));

    async function obtain(path: string, token: string): Promise<string> {
      assert.equal((await send(path, [`Authorization: Bearer ${token}`])).status, 200);
      const [assertion = ""] = upstream.valuesOf("x-auth-assertion");
      return assertion;
    }

    it("say who it is, and are verified with the library", async () => {
      const act = { sub: "gateway" };
      const token = await issuer.sign({
        sub: "ada",
        client_id: "app",
        scope: "read write",
        roles: ["admin"],
        acr: "gold",
        auth_time: 1_700_000_000,
        txn: "t1",
        email: "ada@example.com",
        act,
        secret: "not for upstreams",
      });
      const { claims, header } = await orders.verify(await obtain("/x", token));
      const { iat = 0, exp = 0, jti = "", ...said } = claims;
      assert.equal(header.typ, TYPE);
      assert.equal(exp - iat, 60);
      assert.equal(Math.abs(iat - Date.now() / 1000) < 60, true);
      assert.match(jti, /^[\da-f-]{36}$/);
      assert.deepEqual(
        { ...said },
        {
          iss: ISSUER,
          aud: "orders",
          sub: "ada",
          sub_id: Object.assign(Object.create(null), { format: "iss_sub", iss: issuer.issuer, sub: "ada" }),
          client_id: "app",
          scope: "read write",
          roles: ["admin"],
          act: Object.assign(Object.create(null), act),
          acr: "gold",
          auth_time: 1_700_000_000,
          txn: "t1",
          email: "ada@example.com",
        },
      );
    });

    it("are verified by the lines of the guide", async () => {
      const page = new URL("../../../../docs/guide/upstream-tokens.md", import.meta.url);
      const [, code = ""] = /```ts\n(.*?)```/s.exec(readFileSync(page, "utf8")) ?? [];
      const [, ...lines] = code.split("\n").filter((line) => line !== "");
      assert.equal(lines.length, 4);
      // The guide's names become this sidecar's; a loopback key set needs leave.
      const body = lines
        .join("\n")
        .replace(
          "https://sidecar.example.com/.well-known/jwks.json",
          `http://${sidecar.decision}/.well-known/jwks.json`,
        )
        .replace('jwks.json" }', 'jwks.json", insecureLoopbackHttp: true }')
        .replace("https://sidecar.example.com", ISSUER)
        .replace("https://orders.example.com", "orders");
      const source = `return (async () => { ${body}\nawait validator.close(); return claims; })()`;
      const run = compileFunction(source, ["createValidator", "request"]) as (
        create: typeof createValidator,
        request: object,
      ) => Promise<{ readonly sub?: string }>;
      const assertion = await obtain("/x", await issuer.sign({ sub: "ada" }));
      const claims = await run(createValidator, { headers: { "x-auth-assertion": assertion } });
      assert.equal(claims.sub, "ada");
      const token = await issuer.sign({ sub: "ada" });
      await assert.rejects(run(createValidator, { headers: { "x-auth-assertion": token } }));
    });

    it("are verified by another library too", async () => {
      const answer = await fetch(`http://${sidecar.addresses.admin}/.well-known/jwks.json`);
      assert.equal(answer.headers.get("content-type"), "application/jwk-set+json");
      assert.match(answer.headers.get("cache-control") ?? "", /^public, max-age=\d+$/);
      const keySet = (await answer.json()) as JSONWebKeySet;
      for (const key of keySet.keys) assert.equal("d" in key, false);
      const assertion = await obtain("/x", await issuer.sign({ sub: "ada" }));
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(keySet), {
        issuer: ISSUER,
        audience: "orders",
        typ: TYPE,
      });
      assert.equal(payload.sub, "ada");
    });

    it("are for one upstream, and refused by the others", async () => {
      const reports = verifyFor("reports");
      const pay = verifyFor("pay");
      try {
        const token = await issuer.sign({ sub: "ada" });
        for (const [path, own] of [
          ["/x", orders],
          ["/reports/1", reports],
          ["/pay", pay],
        ] as const) {
          const assertion = await obtain(path, token);
          for (const validator of [orders, reports, pay]) {
            const verdict = await validator.validate(assertion);
            assert.equal(verdict.ok ? "ok" : verdict.reason, validator === own ? "ok" : "audience_mismatch");
          }
        }
      } finally {
        await Promise.all([reports.close(), pay.close()]);
      }
    });

    it("are no access tokens, and access tokens are none", async () => {
      const assertion = await obtain("/x", await issuer.sign({ sub: "ada", client_id: "app" }));
      for (const profile of ["jwt", "rfc9068"]) {
        const access = verifyFor("orders", { types: undefined, profile });
        try {
          const verdict = await access.validate(assertion);
          assert.equal(verdict.ok ? "ok" : verdict.reason, "type_mismatch", profile);
        } finally {
          await access.close();
        }
      }
      // Signed by keys that upstreams trust, and still no assertion.
      const confused = createValidator({ issuers: [{ ...issuer.validatorOptions(), types: [TYPE] }] });
      const verdict = await confused.validate(await issuer.sign());
      assert.equal(verdict.ok ? "ok" : verdict.reason, "type_mismatch");
      // Nor does the sidecar take its own for one.
      const answer = await send("/x", [`Authorization: Bearer ${assertion}`]);
      assert.deepEqual([answer.status, codeOf(answer)], [401, "issuer_untrusted"]);
    });

    it("are signed once for a principal, and never shared by two", async () => {
      const token = await issuer.sign({ sub: "ada", client_id: "app" });
      // One worker answers all requests of one connection, but these are several.
      const same = new Set(await Promise.all(Array.from({ length: 12 }, () => obtainByDecision(token))));
      assert.equal(same.size <= workers, true);
      const others = [
        { sub: "bob" },
        { sub: "ada", client_id: "other" },
        { sub: "ada", client_id: "app", scope: "write" },
        { sub: "ada", client_id: "app", act: { sub: "bob" } },
      ];
      for (const claims of others) {
        const assertion = await obtainByDecision(await issuer.sign(claims));
        assert.equal(same.has(assertion), false, JSON.stringify(claims));
      }
    });

    it("end with the client's token", async () => {
      const now = Math.floor(Date.now() / 1000);
      const long = await obtainByDecision(await issuer.sign({ sub: "eve", exp: now + 600 }));
      const short = await obtainByDecision(await issuer.sign({ sub: "eve", exp: now + 20 }));
      const [first, second] = await Promise.all([long, short].map((text) => orders.verify(text)));
      assert.equal((first?.claims.exp ?? 0) > now + 50, true);
      assert.equal(second?.claims.exp, now + 20);
    });

    it("are nobody's where no token came, and a client's own are never let by", async () => {
      const forged = "X-Auth-Assertion: forged";
      assert.equal((await send("/maybe", [forged])).status, 200);
      assert.deepEqual(upstream.valuesOf("x-auth-assertion"), []);
      await send("/x", [`Authorization: Bearer ${await issuer.sign()}`, forged, "X_Auth_Assertion: forged"]);
      assert.equal(upstream.valuesOf("x-auth-assertion").includes("forged"), false);
      assert.deepEqual(upstream.valuesOf("x_auth_assertion"), []);
      const bearer = `Authorization: Bearer ${await issuer.sign({ sub: "ada" })}`;
      for (const [path, prefix] of [
        ["/authz/traefik", "X-Forwarded"],
        ["/authz/nginx", "X-Original"],
      ] as const) {
        // The gateway overwrites it: what a client sends under this name is no reason to refuse.
        const blank = await askDecision(prefix, path, "/maybe", [forged]);
        assert.deepEqual([blank.status, headerOf(blank, "x-auth-assertion")], [200, [""]]);
        const signed = await askDecision(prefix, path, "/x", [forged, bearer]);
        const [assertion = ""] = headerOf(signed, "x-auth-assertion");
        assert.equal((await orders.verify(assertion)).claims.sub, "ada");
      }
    });

    for (const [name, prefix] of [
      ["/authz", "X-Forwarded"],
      ["/authz/traefik", "X-Forwarded"],
      ["/authz/caddy", "X-Forwarded"],
      ["/authz/nginx", "X-Original"],
      ["/authz/envoy/x", "X-Forwarded"],
    ] as const) {
      it(`are told at ${name}`, async () => {
        const token = await issuer.sign({ sub: "ada" });
        const answer = await askDecision(prefix, name, "/x", [`Authorization: Bearer ${token}`]);
        assert.equal(answer.status, 200);
        const [assertion = ""] = headerOf(answer, "x-auth-assertion");
        assert.equal((await orders.verify(assertion)).claims.sub, "ada");
      });
    }

    it("that would be too long refuse the request", async () => {
      const token = await issuer.sign({ sub: "ada", act: { sub: "x".repeat(3500) } });
      const answer = await send("/x", [`Authorization: Bearer ${token}`]);
      assert.deepEqual([answer.status, codeOf(answer)], [403, "policy_denied"]);
    });

    it("are counted", async () => {
      const page = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
      assert.match(page, /^countersign_assertions_total\{result="signed"\} [1-9]/m);
      assert.match(page, /^countersign_assertions_total\{result="failed"\} 0$/m);
      assert.match(page, /^countersign_cache_requests_total\{cache="assertion",result="hit"\} [1-9]/m);
    });

    function askDecision(
      prefix: string,
      path: string,
      uri: string,
      lines: readonly string[],
    ): Promise<RawAnswer> {
      const description = ["Method: GET", `Uri: ${uri}`, "Host: api.test", "Proto: https"].map(
        (part) => `${prefix}-${part}`,
      );
      return sendRaw(
        sidecar.decision,
        writeRequest(`GET ${path}`, ["Host: api.test", ...description, ...lines]),
      );
    }

    async function obtainByDecision(token: string): Promise<string> {
      const answer = await askDecision("X-Forwarded", "/authz", "/x", [`Authorization: Bearer ${token}`]);
      return headerOf(answer, "x-auth-assertion")[0] ?? "";
    }
  });
}
