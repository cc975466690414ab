import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ConfigurationError, createValidator, type Validator } from "countersign";
import {
  type AuthorizerAnswer,
  type AuthorizerEvent,
  type AuthorizerFormat,
  type AuthorizerOptions,
  AuthorizerUnavailable,
  createAuthorizer,
} from "countersign/lambda";
import { createDpopClient, createTestClock, createTestIssuer, type TestIssuer } from "countersign/testing";

const STAGE = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod";
const FORMATS: readonly AuthorizerFormat[] = [
  "rest-token",
  "rest-request",
  "http-1.0",
  "http-2.0-iam",
  "http-2.0-simple",
];
const KEYED_HTTP = { identitySources: ["$request.header.Authorization", "$context.routeKey"] };
const KEYED_REST = {
  identitySources: ["method.request.header.Authorization", "context.resourceId", "context.httpMethod"],
};

interface Asked {
  readonly authorization?: string;
  readonly dpop?: string;
  readonly path?: string;
  readonly resource?: string;
}

/** The same request as each kind of authorizer is told of it. */
function createEvent(format: AuthorizerFormat, asked: Asked): AuthorizerEvent {
  const { authorization, dpop, path = "/orders/1", resource = "/orders/{id}" } = asked;
  const methodArn = `${STAGE}/GET${path}`;
  if (format === "rest-token") {
    return {
      type: "TOKEN",
      methodArn,
      ...(authorization !== undefined && { authorizationToken: authorization }),
    };
  }
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...(dpop !== undefined && { dpop }),
  };
  if (format === "rest-request" || format === "http-1.0") {
    return {
      type: "REQUEST",
      methodArn,
      ...(format === "http-1.0" && { version: "1.0" }),
      httpMethod: "GET",
      path,
      resource,
      headers,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      requestContext: { path: `/prod${path}`, identity: { clientCert: null } },
    };
  }
  return {
    version: "2.0",
    type: "REQUEST",
    routeArn: methodArn,
    routeKey: `GET ${resource}`,
    rawPath: `/prod${path}`,
    headers,
    requestContext: { http: { method: "GET" } },
  };
}

function readAnswer(answer: AuthorizerAnswer): { allowed: boolean; resource: string | undefined } {
  if ("isAuthorized" in answer) return { allowed: answer.isAuthorized, resource: undefined };
  const [{ Effect, Resource }] = answer.policyDocument.Statement;
  return { allowed: Effect === "Allow", resource: Resource };
}

function listProblems(options: AuthorizerOptions): readonly string[] {
  try {
    createAuthorizer(options);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems.map(({ path }) => path);
  }
  return [];
}

describe("an authorizer of API Gateway", () => {
  const clock = createTestClock();
  let issuer: TestIssuer;
  let validator: Validator;
  before(async () => {
    issuer = await createTestIssuer({ clock });
    validator = createValidator({ issuers: [{ ...issuer.validatorOptions(), name: "main" }], clock });
  });
  after(() => validator.close());
  const bearer = async (claims: Record<string, string> = {}): Promise<string> =>
    `Bearer ${await issuer.sign(claims)}`;

  for (const format of FORMATS) {
    describe(`of format ${format}`, () => {
      it("allows a token that passes, and tells who asks", async () => {
        const authorize = createAuthorizer({ validator, format, caching: "off" });
        const answer = await authorize(
          createEvent(format, { authorization: await bearer({ scope: "a b" }) }),
        );
        assert.equal(readAnswer(answer).allowed, true);
        assert.equal(answer.context["subject"], "user-1");
        assert.equal(answer.context["issuer"], "main");
        assert.equal(answer.context["scopes"], "a b");
        const roles = format.startsWith("http-2.0") ? [] : "[]";
        assert.deepEqual(answer.context["roles"], roles);
        if ("principalId" in answer) assert.equal(answer.principalId, "main|user-1");
      });

      it("says Unauthorized for a bad token and for none, and nothing else", async () => {
        const authorize = createAuthorizer({ validator, format, caching: "off" });
        const good = await bearer();
        const wrong = [
          undefined,
          "Bearer a.b.c",
          `Bearer ${await issuer.tokens.expired()}`,
          `${good}, ${good}`,
        ];
        for (const authorization of wrong) {
          const event = createEvent(format, authorization === undefined ? {} : { authorization });
          await assert.rejects(authorize(event), (error) => String(error) === "Error: Unauthorized");
        }
      });

      it("denies what a requirement refuses, with the reason", async () => {
        const rule = { require: { scopes: { all: ["orders:read"] } } };
        const authorize = createAuthorizer({ validator, format, caching: "off", rule });
        const answer = await authorize(createEvent(format, { authorization: await bearer() }));
        assert.equal(readAnswer(answer).allowed, false);
        assert.deepEqual(answer.context, { reason: "scope_insufficient" });
      });

      it("neither allows nor denies where it could not check", async () => {
        const away = createValidator({
          issuers: [
            {
              issuer: issuer.issuer,
              audiences: [issuer.audience],
              keys: { jwksUri: "http://127.0.0.1:9/jwks", insecureLoopbackHttp: true },
            },
          ],
          clock,
        });
        const authorize = createAuthorizer({ validator: away, format, caching: "off" });
        const event = createEvent(format, { authorization: await bearer() });
        await assert.rejects(
          authorize(event),
          (error) => error instanceof AuthorizerUnavailable && error.reason === "keys_unavailable",
        );
        await away.close();
      });

      it("refuses the questions of other authorizers", async () => {
        const authorize = createAuthorizer({ validator, format, caching: "off" });
        const authorization = await bearer();
        for (const other of FORMATS) {
          if (other.slice(0, 8) === format.slice(0, 8)) continue;
          await assert.rejects(authorize(createEvent(other, { authorization })), TypeError);
        }
      });
    });
  }

  it("allows the stage where every route asks the same, so that a remembered policy holds for all", async () => {
    for (const format of ["rest-token", "rest-request", "http-1.0", "http-2.0-iam"] as const) {
      const authorize = createAuthorizer({ validator, format, caching: "off" });
      const answer = await authorize(createEvent(format, { authorization: await bearer() }));
      assert.equal(readAnswer(answer).resource, `${STAGE}/*`);
    }
  });

  it("allows a route and no other where routes differ, and denies routes that are not listed", async () => {
    const routes = { "GET /orders/{id}": {} };
    for (const format of ["rest-request", "http-1.0", "http-2.0-iam"] as const) {
      const caching = format.startsWith("http") ? KEYED_HTTP : KEYED_REST;
      const authorize = createAuthorizer({ validator, format, caching, routes });
      const authorization = await bearer();
      const listed = readAnswer(await authorize(createEvent(format, { authorization })));
      assert.deepEqual(listed, { allowed: true, resource: `${STAGE}/GET/orders/*` });
      const place = { path: "/admin", resource: "/admin" };
      const other = readAnswer(await authorize(createEvent(format, { authorization, ...place })));
      assert.deepEqual(other, { allowed: false, resource: `${STAGE}/GET/admin` });
    }
  });

  it("lets nobody write a wildcard into the policy for one path", async () => {
    const rule = { require: { cel: "true" } };
    const compileExpression = () => ({ ok: true, condition: () => true }) as const;
    const options = { validator, format: "rest-request", caching: "off", rule, compileExpression } as const;
    const authorize = createAuthorizer(options);
    const authorization = await bearer();
    const exact = readAnswer(await authorize(createEvent("rest-request", { authorization })));
    assert.deepEqual(exact, { allowed: true, resource: `${STAGE}/GET/orders/1` });
    for (const path of ["/*", "/orders/?", "/${aws:x}"]) {
      await assert.rejects(
        authorize(createEvent("rest-request", { authorization, path })),
        /^Error: Unauthorized$/,
      );
    }
  });

  it("checks proofs where each request is asked about, and takes no bound token where answers are remembered", async () => {
    const client = await createDpopClient({ clock });
    const token = await issuer.sign({ cnf: { jkt: client.jkt } });
    const url = "https://api.test/prod/orders/1";
    const shared = { validator, origin: "https://api.test", format: "http-2.0-iam" } as const;
    const ask = async (caching: AuthorizerOptions["caching"]): Promise<AuthorizerAnswer> => {
      const dpop = await client.prove({ token, method: "GET", url });
      const event = createEvent("http-2.0-iam", { authorization: `DPoP ${token}`, dpop });
      return await createAuthorizer({ ...shared, caching })(event);
    };
    assert.equal(readAnswer(await ask("off")).allowed, true);
    await assert.rejects(ask(KEYED_HTTP), /^Error: Unauthorized$/);
  });

  it("gives integrations what `context` says, as text where API Gateway takes nothing else", async () => {
    const context = () => ({ tenant: "a", limits: { rate: 5 }, paid: true, gone: undefined, nothing: null });
    const ask = async (format: AuthorizerFormat): Promise<object> => {
      const authorize = createAuthorizer({ validator, format, caching: "off", context });
      return (await authorize(createEvent(format, { authorization: await bearer() }))).context;
    };
    assert.deepEqual(await ask("rest-token"), { tenant: "a", limits: '{"rate":5}', paid: "true" });
    assert.deepEqual(await ask("http-2.0-simple"), { tenant: "a", limits: { rate: 5 }, paid: true });
  });

  it("is refused where answers would be remembered for what they do not hold for", () => {
    const rest = { identitySources: ["method.request.header.Authorization"] };
    const http = { identitySources: ["$request.header.Authorization"] };
    const sources = ["caching.identitySources"];
    const routes = { "GET /a": {} };
    const refused = (options: Omit<AuthorizerOptions, "validator">) =>
      listProblems({ validator, ...options });
    assert.deepEqual(refused({ format: "http-2.0-simple", caching: http }), sources);
    assert.deepEqual(refused({ format: "http-2.0-simple", caching: KEYED_HTTP }), []);
    assert.deepEqual(refused({ format: "http-2.0-iam", caching: http }), []);
    assert.deepEqual(refused({ format: "http-2.0-iam", caching: http, routes }), sources);
    assert.deepEqual(refused({ format: "http-1.0", caching: http, routes }), sources);
    assert.deepEqual(refused({ format: "rest-request", caching: rest, routes }), sources);
    assert.deepEqual(refused({ format: "rest-request", caching: KEYED_REST, routes }), []);
    assert.deepEqual(refused({ format: "rest-token", caching: rest }), []);
    const keyless = { identitySources: ["method.request.header.X-Tenant"] };
    assert.deepEqual(refused({ format: "rest-request", caching: keyless }), sources);
    const once = { format: "rest-token", caching: rest, rule: { singleUse: true } } as const;
    assert.deepEqual(refused(once), ["rule.singleUse"]);
    const expression = {
      format: "http-2.0-iam",
      caching: KEYED_HTTP,
      requirements: { inner: { cel: "true" }, outer: { any: ["inner"] } },
      compileExpression: () => ({ ok: true, condition: () => true }) as const,
      rule: { require: "outer" },
    } as const;
    assert.deepEqual(refused(expression), ["rule.require"]);
  });

  it("is refused where it does not say what it is, with every problem at once", () => {
    const wrong = { validator, format: "rest", rule: { optional: true }, routes: {} } as unknown;
    assert.deepEqual(listProblems(wrong as AuthorizerOptions), [
      "format",
      "routes",
      "rule.optional",
      "caching",
    ]);
    const token = { validator, format: "rest-token", caching: "off", routes: {} } as const;
    assert.deepEqual(listProblems(token), ["routes"]);
  });
});
