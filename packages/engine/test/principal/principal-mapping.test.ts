import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  ConfigurationError,
  createValidator,
  type Principal,
  type PrincipalMapping,
} from "../../src/index.ts";
import { createLocalKey, options, signToken } from "../validator/local-issuer.ts";

async function mapped(principal: PrincipalMapping, claims: Record<string, unknown>): Promise<Principal> {
  const verdict = await createValidator(options({ principal })).validate(signToken(claims));
  assert.ok(verdict.ok);
  return verdict.principal;
}

/** The paths of the problems. */
function problemsOf(principal: unknown): readonly string[] {
  try {
    createValidator(options({ principal: principal as PrincipalMapping }));
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems.map(({ path }) => path);
  }
}

const KEYCLOAK = { roles: ["realm_access.roles", "/resource_access/{audience}/roles"] };

describe("the mapping of an issuer", () => {
  it("finds roles of the realm and of this service, and not those at other services", async () => {
    const { roles } = await mapped(KEYCLOAK, {
      azp: "shop",
      roles: ["unmapped"],
      realm_access: { roles: ["staff"] },
      resource_access: {
        "https://api.example.com": { roles: ["editor", "staff"] },
        shop: { roles: ["admin"] },
      },
    });
    assert.deepEqual(roles, ["staff", "editor"]);
  });

  it("takes the first text that is there, and else the default", async () => {
    const tenant = ["tid", { path: "org.id", default: "nobody" }];
    assert.equal((await mapped({ tenant }, { tid: "t", org: { id: "o" } })).tenant, "t");
    assert.equal((await mapped({ tenant }, { tid: 5, org: { id: "o" } })).tenant, "o");
    assert.equal((await mapped({ tenant }, {})).tenant, "nobody");
  });

  it("makes of each text what the transform says, and leaves out what it does not know", async () => {
    const rolesWith = async (transform: object | string): Promise<readonly string[]> =>
      (await mapped({ roles: { path: "r", transform } as never }, { r: ["ROLE_A", "https://x/B", "id-1"] }))
        .roles;
    assert.deepEqual(await rolesWith("lowercase"), ["role_a", "https://x/b", "id-1"]);
    assert.deepEqual(await rolesWith("lastSegment"), ["ROLE_A", "B", "id-1"]);
    assert.deepEqual(await rolesWith({ prefix: "p:" }), ["p:ROLE_A", "p:https://x/B", "p:id-1"]);
    assert.deepEqual(await rolesWith({ removePrefix: "ROLE_" }), ["A"]);
    assert.deepEqual(await rolesWith({ values: { "id-1": "admin" } }), ["admin"]);
    assert.deepEqual(await rolesWith({ values: { constructor: "admin" } }), []);
  });

  it("splits words only where it is told to, and none of a list that holds anything but text", async () => {
    assert.deepEqual((await mapped({ roles: { path: "r", type: "words" } }, { r: "a b" })).roles, ["a", "b"]);
    assert.deepEqual((await mapped({ roles: "r" }, { r: "a b" })).roles, ["a b"]);
    assert.deepEqual((await mapped({ roles: "r" }, { r: ["a", { name: "b" }] })).roles, []);
    assert.deepEqual((await mapped({ scopes: { path: "s", type: "list" } }, { s: "a b" })).scopes, ["a b"]);
  });

  it("calls every principal of an issuer of workloads one", async () => {
    assert.equal((await mapped({ kind: "workload" }, { client_id: "alice" })).kind, "workload");
  });

  it("reads what it does not name as by default", async () => {
    const { scopes, client } = await mapped({ roles: "r" }, { scope: "a", azp: "shop" });
    assert.deepEqual([scopes, client], [["a"], "shop"]);
  });

  it("is not changed by who changes the options later", async () => {
    const principal = {
      roles: { path: "r", transform: { values: { a: "user" } as Record<string, string> } },
    };
    const validator = createValidator(options({ principal }));
    principal.roles.transform.values["a"] = "admin";
    const verdict = await validator.validate(signToken({ r: ["a"] }));
    assert.deepEqual(verdict.ok && verdict.principal.roles, ["user"]);
  });

  it("refuses what cannot be meant, each at its place", () => {
    const at = "issuers[0].principal";
    assert.deepEqual(problemsOf("roles"), [at]);
    assert.deepEqual(problemsOf({ role: "r" }), [`${at}.role`]);
    assert.deepEqual(problemsOf({ kind: "user" }), [`${at}.kind`]);
    assert.deepEqual(problemsOf({ roles: ["ok", "a..b"] }), [`${at}.roles[1]`]);
    assert.deepEqual(problemsOf({ roles: { path: 5 } }), [`${at}.roles.path`]);
    assert.deepEqual(problemsOf({ roles: Array(9).fill("r") }), [`${at}.roles`]);
    assert.deepEqual(problemsOf({ roles: { path: "r", type: "csv" } }), [`${at}.roles.type`]);
    assert.deepEqual(problemsOf({ roles: { path: "r", regex: "x" } }), [`${at}.roles.regex`]);
    assert.deepEqual(problemsOf({ client: "/x/{audience}" }), [`${at}.client`]);
    assert.deepEqual(problemsOf({ roles: "resource_access.{client}.roles" }), [`${at}.roles`]);
    for (const transform of [
      "upper",
      {},
      { values: {} },
      { values: { a: 5 } },
      { prefix: "a", removePrefix: "b" },
    ])
      assert.deepEqual(problemsOf({ roles: { path: "r", transform } }), [`${at}.roles.transform`]);
  });

  it("has no default for what grants", () => {
    for (const field of ["scopes", "roles", "groups", "permissions"])
      assert.deepEqual(problemsOf({ [field]: { path: "r", default: "x" } }), [
        `issuers[0].principal.${field}.default`,
      ]);
  });
});

const name = fc.stringMatching(/^[a-z]{1,6}$/);

describe("every mapping", () => {
  it("gives the same principal, whatever claims stand beside the mapped ones", async () => {
    const mapping = {
      ...KEYCLOAK,
      scopes: "s",
      groups: [],
      permissions: [],
      tenant: "t",
      client: [],
      session: [],
    };
    const validator = createValidator(options({ principal: mapping }));
    const known = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "cnf", "act", "acr", "amr", "auth_time"];
    const unmapped = fc.dictionary(
      name.map((text) => `x${text}`),
      fc.oneof(fc.constant("admin"), fc.constant(["admin"]), fc.constant({ roles: ["admin"] })),
      { maxKeys: 5 },
    );
    const dialects = fc.subarray(["roles", "groups", "permissions", "entitlements", "scope", "scp", "tid"]);
    await fc.assert(
      fc.asyncProperty(unmapped, dialects, fc.array(name, { maxLength: 4 }), async (extra, names, held) => {
        const claims = { realm_access: { roles: held }, s: held.join(" "), t: "tenant" };
        const others = Object.fromEntries(
          names.map((text) => [text, text === "scope" ? "admin" : ["admin"]]),
        );
        assert.ok(Object.keys(extra).every((text) => !known.includes(text)));
        const [bare, dressed] = await Promise.all(
          [claims, { ...claims, ...extra, ...others }].map(async (all) => validator.validate(signToken(all))),
        );
        assert.ok(bare?.ok === true && dressed?.ok === true);
        assert.deepEqual(dressed.principal, bare.principal);
      }),
      { numRuns: 60 },
    );
  });

  it("never has more for a token with fewer roles", async () => {
    const validator = createValidator(options({ principal: KEYCLOAK }));
    const rolesOf = async (roles: readonly string[]): Promise<readonly string[]> => {
      const verdict = await validator.validate(signToken({ realm_access: { roles } }));
      assert.ok(verdict.ok);
      return verdict.principal.roles;
    };
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), fc.nat(), async (held, at) => {
        const fewer = held.toSpliced(at % held.length, 1);
        const before = await rolesOf(held);
        assert.ok(
          (await rolesOf(fewer)).every((role) => before.includes(role) && role !== held[at % held.length]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("keeps the same subject of two issuers apart, also where each maps the other's claims", async () => {
    const [first, second] = ["https://idp.example.com/", "https://other.example.com/"];
    const { issuers, ...rest } = options({ principal: { roles: "r", tenant: "t" } });
    const other = createLocalKey("other");
    const validator = createValidator({
      ...rest,
      issuers: [
        ...issuers,
        ...options({ issuer: second, keys: { jwks: { keys: [other.jwk] } }, principal: { roles: "q" } })
          .issuers,
      ],
    });
    await fc.assert(
      fc.asyncProperty(name, fc.array(name, { maxLength: 3 }), async (sub, roles) => {
        const claims = { sub, r: roles, q: ["mapped-by-the-other"], t: "tenant" };
        const one = await validator.validate(signToken(claims));
        const two = await validator.validate(signToken({ ...claims, iss: second }, { key: other }));
        assert.ok(one.ok && two.ok);
        assert.deepEqual([one.principal.issuer, two.principal.issuer], [first, second]);
        assert.deepEqual([...one.principal.roles].sort(), [...new Set(roles)].sort());
        assert.deepEqual(two.principal.roles, ["mapped-by-the-other"]);
        assert.equal(two.principal.tenant, undefined);
        const crossed = await validator.validate(signToken({ ...claims, iss: second }));
        assert.equal(crossed.ok, false);
      }),
      { numRuns: 25 },
    );
  });
});
