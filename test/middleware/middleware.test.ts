/** One verdict in every framework: statuses, challenges and problem details are those of the library. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ConfigurationError, createValidator, REASONS, type Validator } from "countersign";
import { createGuard } from "countersign/express";
import { answerRejected, publicReason } from "countersign/http";
import {
  createDpopClient,
  createTestClock,
  createTestIssuer,
  TEST_TOKEN_NAMES,
  type TestIssuer,
} from "countersign/testing";
import { type ReceivedAnswer, type RequestToSend, sendRequest } from "../kit/send-request.ts";
import { FRAMEWORKS } from "./frameworks.ts";
import { describeGuard, type GuardedServer, ORIGIN, type Shown } from "./guarded-routes.ts";

/** Node's server ends a connection that brings larger headers than it reads: that token arrives nowhere. */
const TOKEN_NAMES = TEST_TOKEN_NAMES.filter((name) => name !== "oversized");

interface Problem {
  readonly code: string;
  readonly status: number;
}

function readShown({ body }: ReceivedAnswer): Shown {
  return JSON.parse(body) as Shown;
}

function readProblem({ body }: ReceivedAnswer): Problem {
  return JSON.parse(body) as Problem;
}

for (const framework of FRAMEWORKS) {
  describe(`the guard for ${framework.name}`, () => {
    const clock = createTestClock();
    const shadows: string[] = [];
    let issuer: TestIssuer;
    let validator: Validator;
    let server: GuardedServer;

    before(async () => {
      issuer = await createTestIssuer({ clock });
      validator = createValidator({ issuers: [{ ...issuer.validatorOptions(), name: "main" }], clock });
      server = await framework.start({ ...describeGuard(validator, shadows), clock });
    });
    after(async () => {
      await server.close();
      await validator.close();
    });

    const ask = (to: Omit<RequestToSend, "url">): Promise<ReceivedAnswer> =>
      sendRequest({ url: server.url, target: "/me", ...to });

    it("tells the handler who asks", async () => {
      const answer = await ask({ token: await issuer.sign() });
      assert.equal(answer.status, 200);
      assert.deepEqual(readShown(answer), { subject: "user-1", issuer: "main" });
    });

    for (const name of TOKEN_NAMES) {
      it(`answers ${name} as the validator judges it`, async () => {
        const token = await issuer.tokens[name]();
        const verdict = await validator.validate(token);
        const answer = await ask({ token });
        if (verdict.ok) return assert.equal(answer.status, 200);
        // What is no token68 is a broken header.
        if (answer.status === 400) return assert.doesNotMatch(token, /^[\w\-.~+/]+=*$/);
        assert.equal(answer.status, REASONS[verdict.reason].httpStatus);
        assert.equal(readProblem(answer).code, publicReason(verdict.reason));
        const { headers } = answerRejected(verdict, { ...describeGuard(validator, []), scheme: "Bearer" });
        for (const [header, value] of headers) {
          // Fastify adds a charset to the type.
          assert.equal(String(answer.headers[header.toLowerCase()]).replace(/; charset=utf-8$/, ""), value);
        }
      });
    }

    it("challenges without an error where there is no token, and tells where to learn more", async () => {
      const answer = await ask({});
      assert.equal(answer.status, 401);
      assert.equal(
        answer.headers["www-authenticate"],
        `Bearer realm="orders", resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource", ` +
          `DPoP realm="orders", resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource", algs="ES256"`,
      );
    });

    it("refuses two credentials, also where the second one would pass", async () => {
      const headers = [["authorization", `Bearer ${await issuer.sign()}`]] as const;
      const answer = await ask({ token: await issuer.sign(), headers });
      assert.equal(answer.status, 400);
      assert.equal(readProblem(answer).code, "malformed_request");
    });

    it("asks for what the route asks, and says which scope is missing", async () => {
      const poor = await ask({ target: "/orders", token: await issuer.sign({ scope: "read" }) });
      assert.equal(poor.status, 403);
      assert.equal(readProblem(poor).code, "scope_insufficient");
      assert.match(
        String(poor.headers["www-authenticate"]),
        /error="insufficient_scope".*scope="orders:read"/,
      );
      const rich = await ask({ target: "/orders", token: await issuer.sign({ scope: "orders:read" }) });
      assert.equal(rich.status, 200);
    });

    it("lets a route do without a token, but not with a bad one", async () => {
      const absent = await ask({ target: "/optional" });
      assert.equal(absent.status, 200);
      assert.deepEqual(readShown(absent), {});
      assert.equal((await ask({ target: "/optional", token: "a.b.c" })).status, 401);
    });

    it("asks for a stronger authentication as RFC 9470 says", async () => {
      const answer = await ask({ target: "/step-up", token: await issuer.sign({ acr: "silver" }) });
      assert.equal(answer.status, 401);
      assert.match(
        String(answer.headers["www-authenticate"]),
        /error="insufficient_user_authentication".*acr_values="gold", max_age="60"/,
      );
      const claims = { acr: "gold", auth_time: Math.floor(clock() / 1000) };
      assert.equal((await ask({ target: "/step-up", token: await issuer.sign(claims) })).status, 200);
    });

    it("accepts a token once where the route says so", async () => {
      const token = await issuer.sign();
      assert.equal((await ask({ target: "/once", token })).status, 200);
      const again = await ask({ target: "/once", token });
      assert.equal(again.status, 401);
      assert.equal(readProblem(again).code, "token_replayed");
    });

    it("tells of what is in shadow, and lets it pass", async () => {
      shadows.length = 0;
      assert.equal((await ask({ target: "/shadow", token: await issuer.sign() })).status, 200);
      assert.deepEqual(shadows, ["require policy_denied"]);
    });

    it("shows expressions the request as clients know it", async () => {
      const token = await issuer.sign();
      assert.equal((await ask({ target: "/expression?path=/other", token })).status, 200);
      assert.equal((await ask({ target: "/mounted/expression", token })).status, 200);
    });

    it("checks DPoP proofs against the URL that clients know, under a mount point as well", async () => {
      const client = await createDpopClient({ clock });
      const token = await issuer.sign({ cnf: { jkt: client.jkt } });
      const present = async (url: string, target: string): Promise<ReceivedAnswer> => {
        const proof = await client.prove({ token, method: "GET", url });
        const headers = [
          ["Authorization", `DPoP ${token}`],
          ["DPoP", proof],
        ] as const;
        return await ask({ target, headers });
      };
      assert.equal((await present(`${ORIGIN}/me`, "/me?query=1")).status, 200);
      assert.equal((await present(`${ORIGIN}/mounted/me`, "/mounted/me")).status, 200);
      const elsewhere = await present(`${ORIGIN}/me`, "/mounted/me");
      assert.equal(elsewhere.status, 401);
      assert.match(String(elsewhere.headers["www-authenticate"]), /DPoP .*error="invalid_dpop_proof"/);
      assert.equal((await ask({ token })).status, 401);
    });

    it("asks for its nonce, and brings the next one with an answer that allows (RFC 9449 section 8)", async () => {
      const binding = { dpop: { nonce: { stepSeconds: 5 } } };
      const asking = createValidator({ issuers: [{ ...issuer.validatorOptions(), binding }], clock });
      const other = await framework.start({ ...describeGuard(asking, []), clock });
      const client = await createDpopClient({ clock });
      const token = await issuer.sign({ cnf: { jkt: client.jkt } });
      const present = async (nonce?: string): Promise<ReceivedAnswer> => {
        const proved = { token, method: "GET", url: `${ORIGIN}/me`, ...(nonce !== undefined && { nonce }) };
        const headers = [
          ["Authorization", `DPoP ${token}`],
          ["DPoP", await client.prove(proved)],
        ] as const;
        return await sendRequest({ url: other.url, target: "/me", headers });
      };
      try {
        const asked = await present();
        assert.equal(asked.status, 401);
        assert.match(String(asked.headers["www-authenticate"]), /error="use_dpop_nonce"/);
        const nonce = String(asked.headers["dpop-nonce"]);
        const first = await present(nonce);
        assert.deepEqual([first.status, first.headers["dpop-nonce"]], [200, undefined]);
        clock.advance({ seconds: 5 });
        const later = await present(nonce);
        assert.equal(later.status, 200);
        assert.notEqual(later.headers["dpop-nonce"], nonce);
        assert.equal((await present(String(later.headers["dpop-nonce"]))).status, 200);
      } finally {
        await other.close();
        await asking.close();
      }
    });

    it("uses no proof up for what the route refuses", async () => {
      const client = await createDpopClient({ clock });
      const token = await issuer.sign({ cnf: { jkt: client.jkt } });
      const proof = await client.prove({ token, method: "GET", url: `${ORIGIN}/orders` });
      const headers = [
        ["Authorization", `DPoP ${token}`],
        ["DPoP", proof],
      ] as const;
      const refuse = async (): Promise<string> => readProblem(await ask({ target: "/orders", headers })).code;
      assert.deepEqual([await refuse(), await refuse()], ["scope_insufficient", "scope_insufficient"]);
    });

    it("says that it could not check, and never that the token is bad, while keys are away", async () => {
      const away = createValidator({
        issuers: [
          {
            issuer: issuer.issuer,
            audiences: [issuer.audience],
            keys: { jwksUri: "http://127.0.0.1:9/jwks", insecureLoopbackHttp: true },
          },
        ],
      });
      const other = await framework.start(describeGuard(away, []));
      try {
        const answer = await sendRequest({ url: other.url, target: "/me", token: await issuer.sign() });
        assert.equal(answer.status, 503);
        assert.ok(Number(answer.headers["retry-after"]) >= 1);
        assert.equal(answer.headers["www-authenticate"], undefined);
        assert.equal(readProblem(answer).code, "keys_unavailable");
      } finally {
        await other.close();
        await away.close();
      }
    });
  });
}

describe("a guard's configuration", () => {
  const validator = createValidator({
    issuers: [{ issuer: "https://idp.test/", audiences: ["a"], keys: { jwksUri: "https://idp.test/jwks" } }],
  });
  after(() => validator.close());

  it("is refused with every problem at once", () => {
    assert.throws(
      () => createGuard({ validator, origin: "api.test/path", realm: "\n", requirements: { a: "b" } }),
      (error) =>
        error instanceof ConfigurationError &&
        ["realm", "origin", "requirements.a"].every((path) =>
          error.problems.some((problem) => problem.path === path),
        ),
    );
  });

  it("is refused where a rule asks for nothing, for what is not named, or for what nothing compiles", () => {
    const guard = createGuard({ validator });
    for (const wanted of [{}, "nobody", { cel: "true" }, { scopes: { any: [] } }]) {
      assert.throws(() => guard({ require: wanted }), ConfigurationError);
    }
  });
});
