import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createValidator, type Validator } from "countersign";
import { createGuard, createViewerRequestHandler, type ProxyEvent } from "countersign/lambda";
import {
  createClientCertificate,
  createTestClock,
  createTestIssuer,
  type TestIssuer,
} from "countersign/testing";

interface Asked {
  readonly fields?: readonly (readonly [name: string, value: string])[];
  readonly pem?: string;
}

function createV1({ fields = [], pem }: Asked): ProxyEvent {
  const multiValueHeaders: Record<string, string[]> = {};
  for (const [name, value] of fields) multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), value];
  return {
    httpMethod: "GET",
    path: "/me",
    headers: Object.fromEntries(fields),
    multiValueHeaders,
    requestContext: { path: "/prod/me", identity: { ...(pem && { clientCert: { clientCertPem: pem } }) } },
  };
}

function createV2({ fields = [], pem }: Asked): ProxyEvent {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) headers[name] = headers[name] ? `${headers[name]},${value}` : value;
  return {
    version: "2.0",
    rawPath: "/me",
    headers,
    requestContext: {
      http: { method: "GET" },
      ...(pem && { authentication: { clientCert: { clientCertPem: pem } } }),
    },
  };
}

const EVENTS = { "format 1.0": createV1, "format 2.0, as of function URLs": createV2 };

describe("a guard for functions", () => {
  const clock = createTestClock();
  let issuer: TestIssuer;
  let validator: Validator;
  before(async () => {
    issuer = await createTestIssuer({ clock });
    validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
  });
  after(() => validator.close());

  for (const [name, createEvent] of Object.entries(EVENTS)) {
    describe(`with ${name}`, () => {
      const ask = async (
        asked: Asked,
        rule = {},
      ): Promise<{ statusCode: number; [name: string]: unknown }> => {
        const guard = createGuard({ validator, realm: "orders" }, rule);
        const handler = guard.protect((_event: ProxyEvent, { principal }, context: string) => ({
          statusCode: 200,
          body: `${principal?.subject} ${context}`,
        }));
        return { ...(await handler(createEvent(asked), "context")) };
      };

      it("runs the handler for what passes, with who asks and the context", async () => {
        const fields = [["Authorization", `Bearer ${await issuer.sign()}`]] as const;
        assert.deepEqual(await ask({ fields }), { statusCode: 200, body: "user-1 context" });
        assert.deepEqual(await ask({}, { optional: true }), { statusCode: 200, body: "undefined context" });
      });

      it("answers all else with challenge and problem details", async () => {
        const { statusCode, headers, body } = await ask({});
        assert.equal(statusCode, 401);
        assert.match(JSON.stringify(headers), /Bearer realm=/);
        assert.equal((JSON.parse(String(body)) as { code: string }).code, "missing_token");
        const fields = [["authorization", `Bearer ${await issuer.tokens.expired()}`]] as const;
        assert.equal((await ask({ fields })).statusCode, 401);
        assert.equal((await ask({ fields }, { optional: true })).statusCode, 401);
      });

      it("refuses a field that is there twice", async () => {
        const field = ["authorization", `Bearer ${await issuer.sign()}`] as const;
        assert.equal((await ask({ fields: [field, field] })).statusCode, 400);
      });

      it("knows the certificate that API Gateway has checked", async () => {
        const { pem, sha256 } = await createClientCertificate();
        const fields = [
          ["authorization", `Bearer ${await issuer.sign({ cnf: { "x5t#S256": sha256 } })}`],
        ] as const;
        assert.equal((await ask({ fields, pem })).statusCode, 200);
        assert.equal((await ask({ fields })).statusCode, 401);
        assert.equal((await ask({ fields, pem: pem.replace("BEGIN", "NO") })).statusCode, 401);
      });
    });
  }
});

describe("a handler of CloudFront's viewer requests", () => {
  it("gives the request back, or an answer", async () => {
    const issuer = await createTestIssuer();
    const validator = createValidator({ issuers: [issuer.validatorOptions()] });
    const handle = createViewerRequestHandler({ validator });
    const create = (values: readonly string[]) => ({
      method: "GET",
      uri: "/me",
      querystring: "a=b",
      headers: { authorization: values.map((value) => ({ key: "Authorization", value })) },
    });
    const good = create([`Bearer ${await issuer.sign()}`]);
    assert.equal(await handle({ Records: [{ cf: { request: good } }] }), good);
    const twice = create([`Bearer ${await issuer.sign()}`, "Bearer a"]);
    const refused = await handle({ Records: [{ cf: { request: twice } }] });
    assert.ok("status" in refused && refused.status === "400");
    const absent = await handle({ Records: [{ cf: { request: create([]) } }] });
    assert.ok("status" in absent && absent.status === "401");
    assert.deepEqual(absent.headers["www-authenticate"]?.[0]?.key, "WWW-Authenticate");
    await assert.rejects(handle({ Records: [] }), TypeError);
    await validator.close();
  });
});
