import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Requirement, RequirementObject } from "countersign/policy";

import { MAX_CONDITIONS } from "countersign/policy";
import fc from "fast-check";
import { compile, createInput, judge, NOW, told } from "./policy-inputs.ts";

const ADMIN: RequirementObject = { roles: { any: ["admin"] } };
const READ: Requirement = { scopes: { all: ["read"] } };
const FRESH: Requirement = { maxAgeSeconds: 300 };
const BROKEN_CEL: Requirement = { cel: "token.claims.absent == 1" };
const admin = createInput({}, { principal: { roles: ["admin"] } });
const nobody = createInput();

describe("a requirement", () => {
  it("admits issuers by alias", () => {
    assert.equal(judge({ issuers: ["partner"] }, createInput({}, { issuer: "partner" })), "met");
    assert.equal(judge({ issuers: ["partner"] }, createInput({}, { issuer: "main" })), "policy_denied");
  });

  it("asks for an audience of its own, in text or list", () => {
    const requirement = { audiences: ["a", "b"] };
    assert.equal(judge(requirement, createInput({ aud: "b" })), "met");
    assert.equal(judge(requirement, createInput({ aud: ["x", "a"] })), "met");
    for (const aud of ["ab", ["x"], [], undefined, "A"]) {
      assert.equal(judge(requirement, createInput({ aud })), "audience_mismatch");
    }
  });

  it("asks for any, all, or both of scopes and roles", () => {
    const scopes = (...names: string[]) => createInput({}, { principal: { scopes: names } });
    assert.equal(judge({ scopes: { any: ["a", "b"] } }, scopes("b")), "met");
    assert.equal(judge({ scopes: { any: ["a", "b"] } }, scopes("c")), "scope_insufficient");
    assert.equal(judge({ scopes: { all: ["a", "b"] } }, scopes("b")), "scope_insufficient");
    assert.equal(judge({ scopes: { all: ["a"], any: ["b", "c"] } }, scopes("a")), "scope_insufficient");
    assert.equal(judge({ scopes: { all: ["a"], any: ["b", "c"] } }, scopes("a", "c")), "met");
    assert.equal(judge({ roles: { all: ["admin"] } }, admin), "met");
    assert.equal(judge({ roles: { any: ["admin"] } }, nobody), "policy_denied");
  });

  it("asks for any, all, or both of groups and permissions", () => {
    for (const member of ["groups", "permissions"] as const) {
      const held = createInput({}, { principal: { [member]: ["a", "b"] } });
      assert.equal(judge({ [member]: { all: ["a", "b"], any: ["b", "c"] } }, held), "met");
      assert.equal(judge({ [member]: { all: ["a", "c"] } }, held), "policy_denied");
      assert.equal(judge({ [member]: { any: ["c"] } }, held), "policy_denied");
      assert.equal(judge({ [member]: { any: ["a"] } }, nobody), "policy_denied");
      assert.equal(compile({ [member]: { any: [] } }).problems.length, 1);
    }
  });

  it("tells workloads from users and clients", () => {
    const workload = createInput({}, { principal: { kind: "workload" } });
    assert.equal(judge({ principal: "workload" }, workload), "met");
    assert.equal(judge({ principal: "workload" }, nobody), "policy_denied");
    assert.equal(judge({ principal: "user" }, workload), "policy_denied");
  });

  it("tells users from clients", () => {
    const client = createInput({}, { principal: { kind: "client" } });
    assert.equal(judge({ principal: "client" }, client), "met");
    assert.equal(judge({ principal: "user" }, client), "policy_denied");
    assert.equal(judge({ principal: "client" }, nobody), "policy_denied");
  });

  it("asks for a token that is bound to a key", () => {
    for (const cnf of [{ jkt: "x" }, { "x5t#S256": "x" }]) {
      assert.equal(judge({ senderConstrained: true }, createInput({ cnf })), "met");
    }
    for (const cnf of [undefined, null, "x", {}, { jkt: "" }, { jkt: 1 }, { kid: "x" }, [{ jkt: "x" }]]) {
      assert.equal(judge({ senderConstrained: true }, createInput({ cnf })), "binding_missing");
    }
  });

  it("asks for a stronger authentication, with what it must be", () => {
    const requirement = { acr: ["gold", "silver"], maxAgeSeconds: 60 };
    const now = NOW / 1000;
    assert.equal(judge(requirement, createInput({ acr: "silver", auth_time: now - 90 })), "met");
    for (const claims of [
      { acr: "silver", auth_time: now - 91 },
      { acr: "silver", auth_time: now + 31 },
      { acr: "silver", auth_time: String(now) },
      { acr: "silver" },
      { acr: "bronze", auth_time: now },
      { acr: ["gold"], auth_time: now },
      { auth_time: now },
    ]) {
      const outcome = compile(requirement).judge?.(createInput(claims));
      assert.equal(told(outcome), "step_up_required", JSON.stringify(claims));
      assert.ok(outcome?.kind === "unmet");
      assert.deepEqual(outcome.stepUp, { acrValues: ["gold", "silver"], maxAgeSeconds: 60 });
    }
  });

  it("compares claims with their JSON type, wherever they stand", () => {
    const claims = {
      level: 3,
      "https://example.com/tenant": "t1",
      realm_access: { roles: ["a", "b"] },
      text: "abc",
      "a/b": { "m~n": true },
    };
    const met = (claim: object) => judge({ claims: [claim] } as Requirement, createInput(claims));
    assert.equal(met({ path: "level", equals: 3 }), "met");
    assert.equal(met({ path: "level", equals: "3" }), "policy_denied");
    assert.equal(met({ path: "level", oneOf: [1, 3] }), "met");
    assert.equal(met({ path: "https://example.com/tenant", equals: "t1" }), "met");
    assert.equal(met({ path: "realm_access.roles", contains: "b" }), "met");
    assert.equal(met({ path: "/realm_access/roles/0", equals: "a" }), "met");
    assert.equal(met({ path: "/realm_access/roles/00", equals: "a" }), "policy_denied");
    assert.equal(met({ path: "/realm_access/roles/length", equals: 2 }), "policy_denied");
    assert.equal(met({ path: "/a~1b/m~0n", equals: true }), "met");
    assert.equal(met({ path: "text", contains: "b" }), "policy_denied");
    assert.equal(met({ path: "realm_access.roles", equals: "a" }), "policy_denied");
    assert.equal(met({ path: "absent", oneOf: ["", false] }), "policy_denied");
    assert.equal(met({ path: "text.length", equals: 3 }), "policy_denied");
    assert.equal(met({ path: "constructor.name", equals: "Object" }), "policy_denied");
  });
});

describe("all and any", () => {
  it("tell the most hopeless reason of all, and the most hopeful of any", () => {
    assert.equal(judge({ all: [FRESH, READ, ADMIN] }, nobody), "policy_denied");
    assert.equal(judge({ all: [FRESH, READ] }, nobody), "scope_insufficient");
    assert.equal(judge({ any: [ADMIN, READ, FRESH] }, nobody), "step_up_required");
    assert.equal(judge({ any: [ADMIN, READ] }, nobody), "scope_insufficient");
    assert.equal(judge({ any: [READ, ADMIN] }, admin), "met");
  });

  it("let nobody in where something could not be judged, unless another alternative holds", () => {
    assert.equal(judge(BROKEN_CEL, admin), "policy_unavailable");
    assert.equal(judge({ all: [BROKEN_CEL, ADMIN] }, admin), "policy_unavailable");
    assert.equal(judge({ all: [BROKEN_CEL, ADMIN] }, nobody), "policy_denied");
    assert.equal(judge({ any: [BROKEN_CEL, ADMIN] }, nobody), "policy_unavailable");
    assert.equal(judge({ any: [BROKEN_CEL, ADMIN] }, admin), "met");
  });

  it("merge what a step-up must reach", () => {
    const outcome = compile({ all: [{ maxAgeSeconds: 600 }, { acr: ["gold"] }, FRESH] }).judge?.(nobody);
    assert.ok(outcome?.kind === "unmet");
    assert.deepEqual(outcome.stepUp, { acrValues: ["gold"], maxAgeSeconds: 300 });
  });

  it("name the scopes to ask for: of alternatives those of the first", () => {
    assert.deepEqual(compile({ all: [READ, { scopes: { any: ["x", "y"], all: ["z"] } }] }).scopes, [
      "read",
      "z",
      "x",
    ]);
    assert.deepEqual(compile({ any: [READ, { scopes: { all: ["write"] } }] }).scopes, ["read"]);
    const watched = { scopes: { all: ["new"] }, shadow: true };
    assert.deepEqual(compile({ any: [watched, READ] }).scopes, ["read"]);
    assert.deepEqual(compile({ all: [watched, READ] }).scopes, ["read"]);
  });
});

describe("named requirements", () => {
  it("are found by name, alone and inside others", () => {
    const named = { staff: ADMIN, reader: { all: ["staff", READ] } };
    assert.equal(judge("staff", admin, named), "met");
    assert.equal(judge("reader", admin, named), "scope_insufficient");
  });

  it("must exist, and not lead back to themselves", () => {
    const cases: readonly (readonly [Requirement, Readonly<Record<string, Requirement>>, RegExp])[] = [
      ["absent", {}, /no requirement is named "absent"/],
      ["toString", {}, /no requirement is named "toString"/],
      [{ any: [ADMIN, "absent"] }, {}, /no requirement is named/],
      ["a", { a: { all: ["b"] }, b: { any: ["a", READ] } }, /circle of requirements: a -> b -> a/],
      [READ, { a: "a" }, /circle of requirements: a -> a/],
    ];
    for (const [requirement, named, expected] of cases) {
      const compiled = compile(requirement, named);
      assert.match(compiled.problems.map(({ problem }) => problem).join(), expected);
    }
  });

  it("are checked where no route uses them", () => {
    assert.deepEqual(
      compile(READ, { unused: { cel: "1 +" } }).problems.map(({ path }) => path),
      ["requirements.unused.cel"],
    );
  });

  it("are bounded in what they expand to", () => {
    const named: Record<string, Requirement> = { n0: { all: [READ, READ] } };
    for (let index = 1; index < 9; index += 1)
      named[`n${index}`] = { all: [`n${index - 1}`, `n${index - 1}`] };
    const problems = compile("n8", named).problems.map(({ problem }) => problem);
    assert.match(problems.join(), new RegExp(`512 conditions, more than ${MAX_CONDITIONS}`));
    delete named["n8"];
    assert.deepEqual(compile("n7", named).problems, []);
    let deep: Requirement = READ;
    for (let depth = 0; depth < 16; depth += 1) deep = { all: [deep] };
    assert.match(
      compile(deep)
        .problems.map(({ problem }) => problem)
        .join(),
      /nested more than 16 deep/,
    );
  });
});

describe("what cannot be meant", () => {
  const cases: readonly (readonly [object, string])[] = [
    [{}, "require"],
    [{ shadow: true }, "require"],
    [{ all: [] }, "require.all"],
    [{ any: [] }, "require.any"],
    [{ scopes: {} }, "require.scopes"],
    [{ roles: { any: [] } }, "require.roles"],
    [{ issuers: ["nobody"] }, "require.issuers[0]"],
    [{ claims: [{ path: "a" }] }, "require.claims[0]"],
    [{ claims: [{ path: "a", equals: 1, contains: 1 }] }, "require.claims[0]"],
    [{ claims: [{ path: "a..b", equals: 1 }] }, "require.claims[0].path"],
    [{ claims: [{ path: "/a~2", equals: 1 }] }, "require.claims[0].path"],
    [{ claims: [{ path: "a", oneOf: [] }] }, "require.claims[0].oneOf"],
    [{ acr: ["two words"] }, "require.acr"],
    [{ maxAgeSeconds: -1 }, "require.maxAgeSeconds"],
    [{ maxAgeSeconds: 31_536_001 }, "require.maxAgeSeconds"],
    [{ cel: "request.query == ''" }, "require.cel"],
    [{ all: [{ any: [READ, { cel: "1" }] }] }, "require.all[0].any[1].cel"],
  ];
  for (const [requirement, path] of cases) {
    it(`is refused at ${path}: ${JSON.stringify(requirement)}`, () => {
      const compiled = compile(requirement);
      assert.equal(compiled.problems[0]?.path, path);
      // Whoever overlooks the problems still lets nobody in.
      assert.notEqual(told(compiled.judge?.(admin)), "met");
    });
  }
});

describe("requirements in shadow", () => {
  const shadow: Requirement = { ...ADMIN, shadow: true };

  it("enforce nothing and are judged", () => {
    const compiled = compile(shadow);
    assert.equal(compiled.judge, undefined);
    assert.deepEqual(
      compiled.shadows.map(({ policy, judge: each }) => [policy, told(each(nobody)), told(each(admin))]),
      [["here", "policy_denied", "met"]],
    );
  });

  it("carry the name of their set", () => {
    assert.deepEqual(
      compile({ all: ["staff", READ] }, { staff: shadow }).shadows.map(({ policy }) => policy),
      ["staff"],
    );
  });

  it("never let in what the others refuse", () => {
    for (const requirement of [
      { all: [READ, shadow] },
      { any: [READ, shadow] },
      { any: [READ, { all: [shadow] }] },
      { any: [{ any: [shadow] }, { all: [READ, shadow] }] },
    ]) {
      assert.equal(judge(requirement, admin), "scope_insufficient", JSON.stringify(requirement));
    }
  });

  it("never change what the rest would decide, whatever the tree", () => {
    const leaf = fc.constantFrom<Requirement>(ADMIN, READ, FRESH, BROKEN_CEL, { principal: "user" });
    const { tree } = fc.letrec<{ tree: Requirement }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        leaf,
        leaf.map((each) => ({ ...(each as RequirementObject), shadow: true })),
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (requirement, isAdmin) => {
        const bare = withoutShadow(requirement);
        const input = isAdmin ? admin : nobody;
        const whole = told(compile(requirement).judge?.(input));
        assert.equal(whole, bare === undefined ? "nothing" : judge(bare, input));
      }),
    );
  });
});

/** The same requirement with what is in shadow cut out, written another way than the compiler does. */
function withoutShadow(requirement: Requirement): Requirement | undefined {
  if (typeof requirement === "string" || requirement.shadow === true) return undefined;
  const { all, any } = requirement;
  if (all === undefined && any === undefined) return requirement;
  const kept = (all ?? any ?? []).map(withoutShadow).filter((each) => each !== undefined);
  if (kept.length === 0) return undefined;
  return all === undefined ? { any: kept } : { all: kept };
}
