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
