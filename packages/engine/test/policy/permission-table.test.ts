import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createValidator, type IssuerOptions } from "../../src/index.ts";
import {
  createPermissionTable,
  findIdlePermissions,
  findPermissionProblems,
  type PermissionOptions,
} from "../../src/policy/index.ts";
import { createTestIssuer } from "../../src/testing/index.ts";

const ORDERS = "https://orders.example.com";
const STAFF = await createTestIssuer({
  issuer: "https://staff.test/",
  algorithms: ["ES256"],
  audience: ORDERS,
});
const PARTNER = await createTestIssuer({
  issuer: "https://partner.test/",
  algorithms: ["ES256"],
  audience: ORDERS,
});
const TABLE: PermissionOptions = {
  names: ["orders:read", "orders:write", "orders:admin", "books:read"],
  implies: { "orders:admin": ["orders:write"], "orders:write": ["orders:read"] },
  services: [
    { service: "books", audiences: ["https://books.example.com"], tenants: ["a"] },
    { service: "books", audiences: ["urn:books"], issuers: ["partner"] },
  ],
  grants: [
    { to: ["orders:write"], roles: ["editor"], issuers: ["staff"] },
    { to: ["orders:read"], scopes: ["orders.read"], match: "hierarchical" },
    { to: ["orders:admin"], groups: ["owners"], tenants: ["a"] },
    { to: ["books:read"], permissions: ["read:books"], service: "books" },
  ],
};
const PLACE = {
  issuers: [
    { name: "staff", audiences: [ORDERS, "https://books.example.com"] },
    { name: "partner", audiences: [ORDERS, "urn:books"] },
  ],
};

type Source = typeof STAFF;

function optionsOf(source: Source, name: string): IssuerOptions {
  const audiences = PLACE.issuers.find((issuer) => issuer.name === name)?.audiences ?? [];
  return { ...source.validatorOptions(), name, audiences, principal: { tenant: "org" } };
}

const validator = createValidator({
  issuers: [optionsOf(STAFF, "staff"), optionsOf(PARTNER, "partner")],
  permissions: createPermissionTable(TABLE),
});

async function permissionsOf(
  claims: Record<string, string | string[]>,
  source = STAFF,
): Promise<readonly string[]> {
  const verdict = await validator.validate(await source.sign({ scope: "", ...claims }));
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.ok(Object.isFrozen(verdict.principal.permissions));
  return verdict.principal.permissions;
}

describe("the table of permissions", () => {
  it("grants by roles, and what the granted implies", async () => {
    assert.deepEqual(await permissionsOf({ roles: ["editor", "other"] }), ["orders:write", "orders:read"]);
    assert.deepEqual(await permissionsOf({ roles: ["other"] }), []);
  });

  it("keeps the roles of other issuers apart", async () => {
    assert.deepEqual(await permissionsOf({ roles: ["editor"] }, PARTNER), []);
  });

  it("takes what stands above a scope for it, by whole words, where it is told to", async () => {
    for (const scope of ["orders.read", "orders"])
      assert.deepEqual(await permissionsOf({ scope }), ["orders:read"]);
    for (const scope of ["order", "orders.", "orders.read.all", "orders.write", "ORDERS"])
      assert.deepEqual(await permissionsOf({ scope }), [], scope);
    assert.deepEqual(await permissionsOf({ roles: ["edit"] }), []);
  });

  it("holds grants to their tenants, and tokens without one to none", async () => {
    const all = ["orders:admin", "orders:write", "orders:read"];
    assert.deepEqual(await permissionsOf({ groups: ["owners"], org: "a" }), all);
    assert.deepEqual(await permissionsOf({ groups: ["owners"], org: "b" }), []);
    assert.deepEqual(await permissionsOf({ groups: ["owners"] }), []);
  });

  it("knows a service by what each tenant and issuer calls it", async () => {
    const permissions = ["read:books"];
    const books = "https://books.example.com";
    assert.deepEqual(await permissionsOf({ permissions, aud: [ORDERS, books], org: "a" }), ["books:read"]);
    assert.deepEqual(await permissionsOf({ permissions, aud: books, org: "b" }), []);
    assert.deepEqual(await permissionsOf({ permissions, aud: ORDERS, org: "a" }), []);
    assert.deepEqual(await permissionsOf({ permissions, aud: "urn:books" }, PARTNER), ["books:read"]);
    assert.deepEqual(await permissionsOf({ permissions, aud: [ORDERS, "urn:books"] }), []);
  });

  it("lets nothing through that a token states and no row names", async () => {
    assert.deepEqual(await permissionsOf({ permissions: ["orders:admin", "toString", "__proto__"] }), []);
    assert.deepEqual(await permissionsOf({ roles: ["constructor", "orders:admin"] }), []);
  });

  it("grants each permission once", async () => {
    assert.deepEqual(await permissionsOf({ roles: ["editor"], scope: "orders" }), [
      "orders:write",
      "orders:read",
    ]);
  });

  it("never grants more to whoever holds less", async () => {
    const roles = fc.subarray(["editor", "other"]);
    const scopes = fc.subarray(["orders", "orders.read", "x"]);
    const groups = fc.subarray(["owners", "staff"]);
    await fc.assert(
      fc.asyncProperty(roles, scopes, groups, fc.nat(), async (held, words, members, at) => {
        const all = { roles: held, groups: members, org: "a" };
        const before = await permissionsOf({ ...all, scope: words.join(" ") });
        const fewer = [
          { ...all, roles: held.toSpliced(at % 2, 1), scope: words.join(" ") },
          { ...all, scope: words.toSpliced(at % 3, 1).join(" ") },
          { ...all, groups: members.toSpliced(at % 2, 1), scope: words.join(" ") },
        ];
        for (const claims of fewer) {
          for (const name of await permissionsOf(claims)) assert.ok(before.includes(name));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is refused where it names what is not there, or goes round in circles", () => {
    const problemsOf = (change: Partial<PermissionOptions>): readonly string[] =>
      findPermissionProblems({ ...TABLE, ...change }, PLACE).map(({ path }) => path);
    assert.deepEqual(problemsOf({}), []);
    const [grant] = TABLE.grants;
    assert.ok(grant !== undefined);
    const table: readonly (readonly [Partial<PermissionOptions>, ...string[]])[] = [
      [{ names: [...TABLE.names, "orders:read"] }, "names[4]"],
      [{ names: [...TABLE.names, "a b"] }, "names[4]"],
      [{ implies: { nothing: ["orders:read"] } }, "implies.nothing"],
      [{ implies: { "orders:read": ["nothing"] } }, "implies.orders:read[0]"],
      [
        { implies: { "orders:read": ["orders:write"], "orders:write": ["orders:read"] } },
        "implies.orders:read",
        "implies.orders:write",
      ],
      [{ grants: [{ ...grant, to: ["nothing"] }] }, "grants[0].to[0]"],
      [{ grants: [{ ...grant, issuers: ["nobody"] }] }, "grants[0].issuers[0]"],
      [{ grants: [{ ...grant, service: "nothing" }] }, "grants[0].service[0]"],
      [{ grants: [{ to: ["orders:read"] }] }, "grants[0]"],
      [{ grants: [{ ...grant, roles: [] }] }, "grants[0].roles"],
      [{ grants: [{ ...grant, tenants: [] }] }, "grants[0].tenants"],
      [{ grants: [] }, "grants"],
      [{ grants: Array(1025).fill(grant) }, "grants"],
      [{ services: [{ service: "books", audiences: [] }] }, "services[0].audiences"],
      [{ services: [{ service: "books", audiences: ["a"], issuers: ["x"] }] }, "services[0].issuers[0]"],
    ];
    for (const [change, ...paths] of table)
      assert.deepEqual(problemsOf(change), paths, JSON.stringify(change).slice(0, 200));
  });

  it("tells of rows that never matter", () => {
    const idleIn = (change: Partial<PermissionOptions>): readonly string[] =>
      findIdlePermissions({ ...TABLE, ...change }, PLACE).map(({ path }) => path);
    assert.deepEqual(idleIn({}), []);
    const { grants, services = [], names } = TABLE;
    assert.deepEqual(idleIn({ names: [...names, "unused"] }), ["names[4]"]);
    assert.deepEqual(idleIn({ services: [...services, { service: "other", audiences: [ORDERS] }] }), [
      "services[2]",
    ]);
    assert.deepEqual(idleIn({ services: [{ service: "books", audiences: ["urn:nobody"] }] }), [
      "services[0].audiences[0]",
    ]);
    const again = { to: ["orders:read"], roles: ["editor"], issuers: ["staff"] };
    assert.deepEqual(idleIn({ grants: [...grants, again] }), ["grants[4]"]);
    assert.deepEqual(idleIn({ grants: [...grants, { ...again, issuers: ["partner"] }] }), []);
    assert.deepEqual(idleIn({ grants: [...grants, { to: ["orders:read"], roles: ["editor"] }] }), []);
    assert.deepEqual(idleIn({ grants: [...grants, { to: ["orders:read"], scopes: ["orders"] }] }), [
      "grants[4]",
    ]);
  });
});

describe("the principal of a token that comes again", () => {
  it("is the one that was made before: nothing is read from its claims anew", async () => {
    let reads = 0;
    const table = createPermissionTable(TABLE);
    const counting = createValidator({
      issuers: [optionsOf(STAFF, "staff")],
      permissions: {
        extendMapping(mapping, issuer) {
          const extended = table.extendMapping(mapping, issuer);
          return {
            ...extended,
            grantPermissions(held, claims) {
              reads++;
              return extended.grantPermissions?.(held, claims) ?? [];
            },
          };
        },
      },
    });
    const token = await STAFF.sign({ roles: ["editor"] });
    const verdicts = [];
    for (let index = 0; index < 5; index++) verdicts.push(await counting.validate(token));
    // A token is remembered once it came a second time.
    const [, second, ...others] = verdicts;
    assert.ok(second?.ok);
    for (const verdict of others) assert.ok(verdict.ok && verdict.principal === second.principal);
    assert.equal(reads, 2);
  });
});
