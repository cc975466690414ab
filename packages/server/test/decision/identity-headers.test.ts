import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Accepted, JsonObject } from "countersign";
import fc from "fast-check";

import { createIdentityDescriber } from "../../src/decision/identity-headers.ts";

const CONFIGURATION = {
  prefix: "x-auth-",
  claims: {
    email: "email",
    level: "level",
    groups: "groups",
    address: "address",
    admin: "admin",
    matrix: "matrix",
  },
  maxValueBytes: 2048,
};

interface Parts {
  readonly issuer?: string;
  readonly subject?: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly claims?: JsonObject;
}

function accepted(parts: Parts): Accepted {
  const {
    subject = "user-1",
    issuer = "https://idp.example.com/",
    scopes = [],
    roles = [],
    claims = {},
  } = parts;
  const principal = { kind: "user", issuer, subject, client: "client-1", scopes, roles } as const;
  return {
    ok: true,
    principal,
    token: { claims: { iss: issuer, ...claims }, issuer: "main" },
  } as unknown as Accepted;
}

function describeParts(parts: Parts, configuration = CONFIGURATION): Record<string, string> {
  const result = createIdentityDescriber(configuration)(accepted(parts));
  assert.ok(result.ok);
  return Object.fromEntries(result.headers);
}

describe("identity headers", () => {
  it("are all there, each once, and empty where there is no principal", () => {
    const result = createIdentityDescriber(CONFIGURATION)(undefined);
    assert.ok(result.ok);
    assert.deepEqual(
      result.headers.map(([name, value]) => `${name}=${value}`),
      [
        "subject",
        "issuer",
        "client",
        "scopes",
        "roles",
        "email",
        "level",
        "groups",
        "address",
        "admin",
        "matrix",
      ].map((suffix) => `x-auth-${suffix}=`),
    );
  });

  it("say who it is", () => {
    const headers = describeParts({ scopes: ["read", "write"], roles: ["admin", "a,b"] });
    assert.equal(headers["x-auth-subject"], "user-1");
    assert.equal(headers["x-auth-issuer"], "https://idp.example.com/");
    assert.equal(headers["x-auth-client"], "client-1");
    assert.equal(headers["x-auth-scopes"], "read write");
    assert.equal(headers["x-auth-roles"], "admin,a%2Cb");
  });

  it("carry claims of every kind in a declared encoding", () => {
    const headers = describeParts({
      claims: {
        email: "zoë@example.com",
        level: 3,
        admin: true,
        groups: ["a b", "c,d", 1],
        address: { city: "Köln" },
        matrix: [["x"], ["y"]],
      },
    });
    assert.equal(headers["x-auth-email"], "zo%C3%AB@example.com");
    assert.equal(headers["x-auth-level"], "3");
    assert.equal(headers["x-auth-admin"], "true");
    assert.equal(headers["x-auth-groups"], "a%20b,c%2Cd,1");
    assert.equal(decodeURIComponent(headers["x-auth-address"] ?? ""), '{"city":"Köln"}');
    assert.equal(decodeURIComponent(headers["x-auth-matrix"] ?? ""), '[["x"],["y"]]');
  });

  it("never hold a line break, a control character or anything but ASCII, and decode to what was signed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const headers = describeParts({
          subject: text,
          issuer: text,
          roles: [text, text],
          claims: { email: text },
        });
        for (const value of Object.values(headers)) assert.match(value, /^[\x20-\x7e]*$/);
        assert.equal(decodeURIComponent(headers["x-auth-subject"] ?? ""), text);
        assert.equal(decodeURIComponent(headers["x-auth-email"] ?? ""), text);
        assert.deepEqual((headers["x-auth-roles"] ?? "").split(",").map(decodeURIComponent), [text, text]);
      }),
    );
  });

  it("do not split a header with CR and LF in a subject", () => {
    const headers = describeParts({ subject: "a\r\nx-auth-roles: admin" });
    assert.equal(headers["x-auth-subject"], "a%0D%0Ax-auth-roles:%20admin");
  });

  it("do not read a member of Object.prototype as a claim", () => {
    const claims = Object.assign(Object.create(null) as Record<string, string>, { iss: "i" });
    const describer = createIdentityDescriber({ ...CONFIGURATION, claims: { toString: "text" } });
    const base = accepted({});
    const result = describer({ ...base, token: { ...base.token, claims } });
    assert.ok(result.ok);
    assert.equal(Object.fromEntries(result.headers)["x-auth-text"], "");
  });

  it("are refused where a value, or all together, would be too long", () => {
    const describer = createIdentityDescriber(CONFIGURATION);
    assert.equal(describer(accepted({ subject: "x".repeat(2048) })).ok, true);
    assert.deepEqual(describer(accepted({ subject: "x".repeat(2049) })), {
      ok: false,
      name: "x-auth-subject",
      problem: "too_long",
    });
    const long = "y".repeat(2048);
    const claims = { email: long, groups: long, address: long, matrix: long };
    assert.deepEqual(describer(accepted({ claims })), {
      ok: false,
      name: "x-auth-*",
      problem: "too_long",
    });
  });
});

describe("headers of further fields", () => {
  const fields = ["kind", "tenant", "session", "groups", "permissions", "acr", "amr", "authTime"] as const;
  const principal = {
    kind: "client",
    issuer: "https://idp.example.com/",
    subject: "s",
    client: undefined,
    tenant: "a b",
    session: undefined,
    scopes: [],
    roles: [],
    groups: ["x,y", "z\r\nx-auth-roles: admin"],
    permissions: [],
    authentication: { acr: "2", amr: ["pwd", "otp"], authTime: 1_700_000_000 },
  };
  const verdict = { ok: true, principal, token: { claims: {}, issuer: "main" } } as unknown as Accepted;

  it("are there only where they are chosen, and empty where there is nobody", () => {
    const configuration = { prefix: "x-auth-", claims: {}, maxValueBytes: 2048 };
    const plain = createIdentityDescriber(configuration)(verdict);
    assert.ok(plain.ok);
    assert.equal(plain.headers.length, 5);
    const chosen = createIdentityDescriber({ ...configuration, fields });
    const result = chosen(verdict);
    assert.ok(result.ok);
    assert.deepEqual(Object.fromEntries(result.headers.slice(5)), {
      "x-auth-kind": "client",
      "x-auth-tenant": "a%20b",
      "x-auth-session": "",
      "x-auth-groups": "x%2Cy,z%0D%0Ax-auth-roles:%20admin",
      "x-auth-permissions": "",
      "x-auth-acr": "2",
      "x-auth-amr": "pwd,otp",
      "x-auth-auth-time": "1700000000",
    });
    const nobody = chosen(undefined);
    assert.ok(nobody.ok);
    assert.deepEqual(
      nobody.headers.map(([, value]) => value),
      Array(5 + fields.length).fill(""),
    );
  });

  it("refuse lists with more members than a header is to have, scopes and roles too", () => {
    const configuration = { prefix: "x-auth-", claims: {}, fields, maxValueBytes: 2048, maxListItems: 3 };
    const describer = createIdentityDescriber(configuration);
    for (const field of ["scopes", "roles", "groups", "permissions"]) {
      for (const [length, ok] of [
        [3, true],
        [4, false],
      ] as const) {
        const held = { ...principal, [field]: Array.from({ length }, (_, index) => `${index}`) };
        const result = describer({ ...verdict, principal: held } as unknown as Accepted);
        assert.equal(result.ok, ok, `${field} ${length}`);
        if (!result.ok) assert.deepEqual([result.name, result.problem], [`x-auth-${field}`, "too_long"]);
      }
    }
    const many = { ...principal, scopes: Array.from({ length: 257 }, () => "a") };
    const byDefault = createIdentityDescriber({ prefix: "x-auth-", claims: {}, maxValueBytes: 2048 });
    assert.equal(byDefault({ ...verdict, principal: many } as unknown as Accepted).ok, false);
  });
});
