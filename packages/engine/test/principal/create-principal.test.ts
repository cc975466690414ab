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

  it("has groups of groups, and permissions of permissions and entitlements", async () => {
    const { groups, permissions } = await principalOf({
      groups: ["eng"],
      permissions: ["read", "write"],
      entitlements: ["write", "own"],
    });
    assert.deepEqual(groups, ["eng"]);
    assert.deepEqual(permissions, ["read", "write", "own"]);
  });

  it("has the session of sid, and no tenant that nobody mapped", async () => {
    const { session, tenant } = await principalOf({ sid: "s-1", tid: "t-1", tenant: "t-2" });
    assert.deepEqual([session, tenant], ["s-1", undefined]);
  });

  it("tells how and when the user was authenticated, and takes one method or a list of them", async () => {
    const told = await principalOf({ acr: "mfa", amr: ["pwd", "otp"], auth_time: 1_700_000_000 });
    assert.deepEqual(told.authentication, { acr: "mfa", amr: ["pwd", "otp"], authTime: 1_700_000_000 });
    assert.deepEqual((await principalOf({ amr: "pwd" })).authentication.amr, ["pwd"]);
    assert.deepEqual((await principalOf({ amr: { pwd: true }, acr: 5 })).authentication, {
      acr: undefined,
      amr: [],
      authTime: undefined,
    });
  });

  it("has one current actor, an identity of its issuer, and keeps those before it apart", async () => {
    const act = { sub: "service", client_id: "shop", act: { sub: "older", iss: "https://other.example/" } };
    const { actor, priorActors } = await principalOf({ act });
    assert.deepEqual(actor, { issuer: "https://idp.example.com/", subject: "service", client: "shop" });
    assert.deepEqual(priorActors, [
      { issuer: "https://other.example/", subject: "older", client: undefined },
    ]);
    const none = await principalOf({});
    assert.deepEqual([none.actor, none.priorActors], [undefined, []]);
  });

  it("names the key that the token is bound to", async () => {
    const jkt = "A".repeat(43);
    const bound = createValidator(options({ binding: "unchecked" }));
    const verdict = await bound.validate(signToken({ cnf: { jkt } }));
    assert.deepEqual(verdict.ok && verdict.principal.confirmation, { jkt, certificateSha256: undefined });
    assert.equal((await principalOf({})).confirmation, undefined);
  });

  it("is frozen all the way down", async () => {
    const principal = await principalOf({
      amr: ["pwd"],
      act: { sub: "a", act: { sub: "b" } },
      groups: ["x"],
      scope: "a b",
    });
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    assert.ok(isFrozen(principal));
  });
});
