import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeaderReader } from "../../src/decision/header-reading.ts";
import type { DialectReading } from "../../src/dialects/dialect.ts";
import { createUnknownIdentityCheck } from "../../src/dialects/unknown-identity.ts";

const refuse = createUnknownIdentityCheck(["x-auth-subject"]);
const reader = new HeaderReader("x-auth-");

function check(description: DialectReading): DialectReading {
  const headers = description.kind === "described" ? description.request.headers : [];
  return refuse(description, reader.readPairs(headers));
}

function described(headers: readonly (readonly [string, string])[]): DialectReading {
  return { kind: "described", request: { method: "GET", target: "/", host: "a", scheme: "http", headers } };
}

describe("identity headers that no answer overwrites", () => {
  it("refuse the request, in any spelling", () => {
    for (const name of ["X-Auth-Tenant", "x_auth_tenant", "X.Auth.Subject", "x-auth-", "X_Auth-Subject"]) {
      assert.equal(check(described([[name, "forged"]])).kind, "ambiguous", name);
    }
  });

  it("are not those that every answer overwrites, nor others", () => {
    const reading = described([
      ["X-Auth-Subject", "forged"],
      ["X-Authenticated", "x"],
      ["Accept", "*/*"],
    ]);
    assert.equal(check(reading), reading);
  });

  it("leave a reading that is refused already as it is", () => {
    const missing: DialectReading = { kind: "missing", problem: "no x header" };
    assert.equal(check(missing), missing);
  });
});
