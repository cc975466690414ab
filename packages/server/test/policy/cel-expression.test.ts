import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { compileCel, MAX_CEL_CHARACTERS } from "../../src/policy/cel-expression.ts";
import { createInput } from "./policy-inputs.ts";

const INPUT = createInput(
  {
    level: 3,
    admin: true,
    groups: ["staff", "ops"],
    role: "notadmin",
    authorization: [{ type: "order", actions: ["read"] }],
  },
  { principal: { scopes: ["read"], subject: undefined }, path: "/tenants/t1/x" },
);

function evaluate(expression: string): boolean | undefined {
  const compilation = compileCel(expression);
  assert.ok(compilation.ok, compilation.ok ? "" : `${expression}: ${compilation.problem}`);
  return compilation.condition(INPUT);
}

function refusal(expression: string): string {
  const compilation = compileCel(expression);
  return compilation.ok ? "" : compilation.problem;
}

describe("CEL expressions", () => {
  it("see the token, the principal and the request", () => {
    for (const expression of [
      'token.issuer == "main" && token.algorithm == "ES256"',
      "token.claims.level >= 3 && token.claims.level < 4",
      'token.claims.groups.exists(g, g == "staff")',
      "token.claims.admin",
      "request.time < token.expires_at",
      '"read" in principal.scopes && principal.kind == "user"',
      'request.path.startsWith("/tenants/t1/") && request.method == "GET" && request.host == "api.test"',
      'token.claims.authorization.exists(a, a.type == "order" && a.actions.exists(x, x == "read"))',
      "!has(principal.subject) && !has(token.claims.absent) && !has(token.key_id)",
    ]) {
      assert.equal(evaluate(expression), true, expression);
    }
    assert.equal(evaluate('"write" in principal.scopes'), false);
  });

  it("see all of a principal but who acted before, and nothing that it lacks", () => {
    const actor = { issuer: "https://idp.example.com/", subject: "service", client: undefined };
    const principal = {
      kind: "workload",
      tenant: "t1",
      session: "s1",
      groups: ["eng"],
      permissions: ["orders.read"],
      authentication: { acr: "mfa", amr: ["otp"], authTime: 1_699_999_000 },
      actor,
      priorActors: [{ ...actor, subject: "older" }],
    } as const;
    const judge = (expression: string, input = createInput({}, { principal })): boolean | undefined => {
      const compilation = compileCel(expression);
      assert.ok(compilation.ok, compilation.ok ? "" : `${expression}: ${compilation.problem}`);
      return compilation.condition(input);
    };
    for (const expression of [
      'principal.kind == "workload" && principal.tenant == "t1" && principal.session == "s1"',
      '"eng" in principal.groups && "orders.read" in principal.permissions',
      'principal.acr == "mfa" && "otp" in principal.amr',
      'request.time - principal.auth_time < duration("1h")',
      'principal.actor.subject == "service" && !has(principal.actor.client) && !has(principal.actor.act)',
    ]) {
      assert.equal(judge(expression), true, expression);
    }
    const bare = createInput();
    for (const name of ["tenant", "session", "acr", "auth_time", "actor"]) {
      assert.equal(judge(`!has(principal.${name})`, bare), true, name);
    }
    assert.match(refusal("principal.priorActors == []"), /No such key/);
    const authentication = { acr: undefined, amr: [], authTime: 2 ** 52 };
    const never = createInput({}, { principal: { authentication } });
    assert.equal(judge('!has(principal.auth_time) && principal.kind == "user"', never), true);
  });

  it("give no answer where a claim is absent or of another type, or the result is no boolean", () => {
    for (const expression of [
      "token.claims.absent == 1",
      'principal.subject == ""',
      '"admin" in token.claims.role',
      "token.claims.level",
      "token.claims.groups",
      "token.claims.role > 3",
      "token.claims.constructor == null",
      "token.claims.groups[7] == 'x'",
    ]) {
      assert.equal(evaluate(expression), undefined, expression);
    }
  });

  it("are refused for syntax, names and types before any token is seen", () => {
    assert.notEqual(refusal("1 +"), "");
    assert.match(refusal("tokn.issuer == ''"), /Unknown variable/);
    assert.match(refusal("principal.role == ''"), /No such key/);
    assert.match(refusal("principal.kind == 3"), /overload/);
    assert.match(refusal('"text"'), /expected true or false, found string/);
    assert.match(refusal("request.path.nope()"), /nope is not among/);
  });

  it("cannot read what clients choose and gateways change", () => {
    for (const part of ["query", "headers", "cookies", "body"]) {
      assert.match(refusal(`request.${part}.x == "1"`), /the client's to choose/);
    }
  });

  it("have no pattern engine and nothing that lets values grow", () => {
    assert.match(refusal('request.path.matches("^(a+)+$")'), /time that nobody can bound/);
    assert.match(refusal('[1].exists(x, {"k": "a".matches("a")}.k)'), /time that nobody can bound/);
    assert.match(refusal("principal.scopes.map(s, s + s) == []"), /map is not among/);
    assert.match(refusal('cel.bind(a, "x", a + a == "xx")'), /bind is not among/);
    assert.match(refusal('b"{}".json() == {}'), /json is not among/);
  });

  it("run one comprehension inside another only over parts of the outer one's variable", () => {
    assert.equal(refusal("token.claims.a.all(x, x.b.all(y, y.c.exists(z, z == 1)))"), "");
    for (const range of [
      "token.claims.a",
      "principal.scopes",
      'x.split("")',
      "[x]",
      'request.path.split("")',
    ]) {
      assert.match(refusal(`token.claims.a.all(x, ${range}.all(y, y == x))`), /inside another comprehension/);
    }
    const outermost = "token.claims.a.all(x, x.b.all(y, x.c.all(z, z == y)))";
    assert.match(refusal(outermost), /inside another comprehension/);
  });

  it("are bounded in length, size and depth", () => {
    assert.match(refusal(`true ${" ".repeat(MAX_CEL_CHARACTERS)}`), /more than 2048 characters/);
    assert.equal(refusal(Array.from({ length: 120 }, () => "true").join("&&")), "");
    assert.notEqual(refusal(Array.from({ length: 180 }, () => "true").join("&&")), "");
    assert.notEqual(refusal(`${"(".repeat(30)}true${")".repeat(30)}`), "");
    assert.equal(refusal(`${"(".repeat(12)}true${")".repeat(12)}`), "");
  });

  it("are compiled or refused, and judged, without ever throwing", () => {
    const piece = fc.constantFrom(
      ...[
        "token",
        "principal",
        "request",
        ".claims",
        ".x",
        ".path",
        "[",
        "]",
        "(",
        ")",
        "==",
        "&&",
        "||",
        "!",
      ],
      ...[
        "'a'",
        "1",
        "0.5",
        " in ",
        ".exists(",
        ".all(",
        "x",
        ", ",
        "has(",
        "?",
        ":",
        "{",
        "}",
        "-",
        "\\",
        '"',
        "r'",
      ],
    );
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (expression) => {
        const compilation = compileCel(expression);
        if (compilation.ok) assert.ok([true, false, undefined].includes(compilation.condition(INPUT)));
        else assert.notEqual(compilation.problem, "");
      }),
      { numRuns: 2000 },
    );
  });
});
