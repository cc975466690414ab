import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createValidator, type Principal } from "../../src/index.ts";
import { options, signToken } from "../validator/local-issuer.ts";

async function principalOf(claims: Record<string, unknown>): Promise<Principal> {
  const verdict = await createValidator(options()).validate(signToken(claims));
  assert.ok(verdict.ok);
  return verdict.principal;
}

describe("the principal", () => {
  it("is the pair of issuer and subject", async () => {
    const { issuer, subject } = await principalOf({});
    assert.deepEqual([issuer, subject], ["https://idp.example.com/", "alice"]);
  });

  it("is a client where the client is its own subject, or where there is no subject", async () => {
    assert.equal((await principalOf({ client_id: "shop" })).kind, "user");
    assert.equal((await principalOf({ client_id: "alice" })).kind, "client");
    assert.equal((await principalOf({ client_id: "shop", sub: undefined })).kind, "client");
    assert.equal((await principalOf({})).kind, "user");
  });

  it("names the client by client_id, azp or cid, in this order", async () => {
    assert.equal((await principalOf({ client_id: "a", azp: "b", cid: "c" })).client, "a");
    assert.equal((await principalOf({ azp: "b", cid: "c" })).client, "b");
    assert.equal((await principalOf({ cid: "c" })).client, "c");
    assert.equal((await principalOf({ cid: 5 })).client, undefined);
  });

  it("has the scopes of scope and scp, each once", async () => {
    assert.deepEqual((await principalOf({ scope: "a  b a", scp: ["b", "c"] })).scopes, ["a", "b", "c"]);
    assert.deepEqual((await principalOf({ scp: "a b" })).scopes, ["a", "b"]);
    assert.deepEqual((await principalOf({ scope: "" })).scopes, []);
  });

  it("has no scope and no role of a list that holds anything but text", async () => {
    assert.deepEqual((await principalOf({ scp: ["a", 5] })).scopes, []);
    assert.deepEqual((await principalOf({ roles: ["admin", null] })).roles, []);
    assert.deepEqual((await principalOf({ roles: { admin: true } })).roles, []);
  });

  it("has the roles of an array or of one text", async () => {
    assert.deepEqual((await principalOf({ roles: ["a", "b", "a"] })).roles, ["a", "b"]);
    assert.deepEqual((await principalOf({ roles: "admin" })).roles, ["admin"]);
  });
});
