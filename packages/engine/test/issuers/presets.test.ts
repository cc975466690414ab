import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConfigurationError,
  createValidator,
  type IssuerOptions,
  inspectOptions,
  type ProfileName,
  type Verdict,
} from "../../src/index.ts";
import { PROFILES } from "../../src/issuers/profiles.ts";
import { createTestIssuer, type TestIssuer } from "../../src/testing/index.ts";
import { LOGIN_FIXTURES } from "./login-fixtures.ts";
import { type FixtureClaims, type PresetFixture, without } from "./preset-fixture.ts";
import { WORKLOAD_FIXTURES } from "./workload-fixtures.ts";

const FIXTURES = [...LOGIN_FIXTURES, ...WORKLOAD_FIXTURES];
const NOT_IN_SHAPE = ["sub", "aud", "client_id", "scope", "jti"] as const;

interface Subject {
  readonly source: TestIssuer;
  readonly options: IssuerOptions;
}

const subjects = new Map<PresetFixture, Promise<Subject>>();

/** Keys take long to make: one for each fixture is enough. */
function createSubject(fixture: PresetFixture): Promise<Subject> {
  const subject = subjects.get(fixture) ?? makeSubject(fixture);
  subjects.set(fixture, subject);
  return subject;
}

async function makeSubject({ profile, issuer, audience, tenants }: PresetFixture): Promise<Subject> {
  const source = await createTestIssuer({ issuer, audience, algorithms: ["RS256"] });
  const options = { ...source.validatorOptions(), profile, ...(tenants && { tenants }) };
  return { source, options };
}

async function judge(
  { source, options }: Subject,
  { typ, claims }: { readonly typ: string | undefined; readonly claims: FixtureClaims },
): Promise<Verdict> {
  const omit = NOT_IN_SHAPE.filter((name) => !(name in claims));
  const token = await source.sign({ ...claims }, { header: { typ }, omit });
  return createValidator({ issuers: [options] }).validate(token);
}

for (const fixture of FIXTURES) {
  const { profile, issuer, typ, good, bad, foreignIssuers } = fixture;
  describe(`the preset ${profile} for ${issuer}`, async () => {
    const subject = await createSubject(fixture);

    for (const [name, { claims, principal }] of Object.entries(good))
      it(`takes ${name} token, and says whose it is`, async () => {
        const verdict = await judge(subject, { typ, claims });
        assert.ok(verdict.ok, JSON.stringify(verdict));
        const found = Object.keys(principal).map((field) => [field, verdict.principal[field as "roles"]]);
        assert.deepEqual(Object.fromEntries(found), principal);
      });

    for (const [name, { claims, reason }] of Object.entries(bad))
      it(`refuses ${name}`, async () => {
        const verdict = await judge(subject, { typ, claims });
        assert.equal(verdict.ok ? "ok" : verdict.reason, reason, JSON.stringify(verdict));
      });

    it("lets the issuer's own mapping go before, field by field", async () => {
      const [first] = Object.values(good);
      const options = { ...subject.options, principal: { client: "sub" } };
      const verdict = await judge({ ...subject, options }, { typ, claims: first?.claims ?? {} });
      assert.ok(verdict.ok);
      assert.equal(verdict.principal.client, verdict.principal.subject);
      assert.equal(verdict.principal.tenant, first?.principal["tenant"] ?? verdict.principal.tenant);
    });

    for (const foreign of foreignIssuers)
      it(`refuses ${foreign} as an issuer`, () => {
        const options = { ...subject.options, issuer: foreign, name: "main" };
        assert.throws(
          () => createValidator({ issuers: [options] }),
          (error) =>
            error instanceof ConfigurationError &&
            error.problems.some(({ path }) => path === "issuers[0].issuer"),
        );
      });
  });
}

const GRANTING = ["scopes", "roles", "groups", "permissions"] as const;

describe("the tokens of every preset", () => {
  const unmapped = {
    x_admin: true,
    x_roles: ["admin"],
    "https://x.test/permissions": ["*"],
    x: { roles: ["a"] },
  };

  it("are judged the same, whatever unmapped claims stand beside", async () => {
    for (const fixture of FIXTURES) {
      const { typ, good, bad } = fixture;
      const subject = await createSubject(fixture);
      for (const { claims } of Object.values(good)) {
        const bare = await judge(subject, { typ, claims });
        const dressed = await judge(subject, { typ, claims: { ...claims, ...unmapped } });
        assert.ok(bare.ok && dressed.ok);
        assert.deepEqual(dressed.principal, bare.principal);
      }
      for (const { claims, reason } of Object.values(bad)) {
        const dressed = await judge(subject, { typ, claims: { ...claims, ...unmapped } });
        assert.equal(dressed.ok ? "ok" : dressed.reason, reason);
      }
    }
  });

  it("never allow more without one of their claims", async () => {
    for (const fixture of FIXTURES) {
      const { typ, good } = fixture;
      const subject = await createSubject(fixture);
      for (const { claims } of Object.values(good)) {
        const whole = await judge(subject, { typ, claims });
        assert.ok(whole.ok);
        for (const name of Object.keys(claims)) {
          const less = await judge(subject, { typ, claims: without(claims, name) });
          if (!less.ok) continue;
          for (const field of GRANTING)
            for (const held of less.principal[field])
              assert.ok(whole.principal[field].includes(held), `${fixture.profile} without ${name}: ${held}`);
          // Whoever is a client or a workload does not become a user, whom more may be open to.
          if (whole.principal.kind === "user") continue;
          const told = `${fixture.profile} without ${name}`;
          if (!TOLD_BY_ONE_CLAIM.has(told)) assert.notEqual(less.principal.kind, "user", told);
        }
      }
    }
  });
});

/** An old service account's token, with a session, needs both of its other signs: users may have either. */
const TOLD_BY_ONE_CLAIM: ReadonlySet<string> = new Set([
  "keycloak without preferred_username",
  "keycloak without clientId",
]);

describe("the presets", () => {
  it("have tokens here, good ones and bad ones, all of them", () => {
    const shown = new Set(FIXTURES.map(({ profile }) => profile));
    const presets = Object.keys(PROFILES).filter((name) => name !== "jwt" && name !== "rfc9068");
    assert.deepEqual([...shown].toSorted(), presets.toSorted());
    for (const { good, bad } of FIXTURES)
      assert.ok(Object.keys(good).length > 0 && Object.keys(bad).length > 0);
  });

  it("want to know the tenants wherever anybody may be one, and tell of the opt-out", async () => {
    for (const fixture of FIXTURES) {
      const { options } = await createSubject(fixture);
      const { tenants: _, ...bare } = options;
      const isNeeded = PROFILES[fixture.profile].tenants !== undefined;
      const paths = inspectOptions({ issuers: [bare] }).problems.map(({ path }) => path);
      assert.deepEqual(paths, isNeeded ? ["issuers[0].tenants"] : [], fixture.profile);
      const { problems, optOuts } = inspectOptions({ issuers: [{ ...bare, tenants: "unchecked" }] });
      assert.deepEqual(problems, []);
      assert.deepEqual(
        optOuts.map(({ path }) => path),
        isNeeded ? ["issuers[0].tenants"] : [],
      );
    }
  });

  it("do not let the audience go where callers choose it", async () => {
    for (const fixture of FIXTURES) {
      const { options } = await createSubject(fixture);
      const { problems } = inspectOptions({ issuers: [{ ...options, audiences: "unchecked" }] });
      const isNeeded = PROFILES[fixture.profile].audienceNeeded === true;
      assert.deepEqual(
        problems.map(({ path }) => path),
        isNeeded ? ["issuers[0].audiences"] : [],
        fixture.profile,
      );
    }
  });

  it("allow the algorithms of their specification only", async () => {
    const [spiffe] = WORKLOAD_FIXTURES.filter(({ profile }) => profile === "spiffe");
    assert.ok(spiffe !== undefined);
    const { options } = await createSubject(spiffe);
    const { problems } = inspectOptions({ issuers: [{ ...options, algorithms: ["RS256", "Ed25519"] }] });
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["issuers[0].algorithms[1]"],
    );
    const { algorithms: _, ...bare } = options;
    assert.deepEqual(inspectOptions({ issuers: [bare] }).problems, []);
  });

  it("take no list of tenants that would refuse everybody, or that nothing is compared with", async () => {
    const [keycloak] = LOGIN_FIXTURES;
    assert.ok(keycloak !== undefined);
    const { options } = await createSubject(keycloak);
    const problemsOf = (tenants: unknown, more = {}): readonly string[] =>
      inspectOptions({ issuers: [{ ...options, tenants, ...more }] }).problems.map(({ path }) => path);
    assert.deepEqual(problemsOf(["shop"]), ["issuers[0].tenants"]);
    assert.deepEqual(problemsOf(["shop"], { principal: { tenant: "organization" } }), []);
    assert.deepEqual(problemsOf([], { principal: { tenant: "organization" } }), ["issuers[0].tenants"]);
    const fallback = { tenant: { path: "organization", default: "shop" } };
    assert.deepEqual(problemsOf(["shop"], { principal: fallback }), ["issuers[0].tenants"]);
    assert.deepEqual(problemsOf(["shop"], { principal: { tenant: [] } }), ["issuers[0].tenants"]);
    assert.deepEqual(problemsOf("shop", { principal: { tenant: "organization" } }), ["issuers[0].tenants"]);
  });

  it("are told from names that are refused, each with its own reason, and from misspellings", async () => {
    const [fixture] = LOGIN_FIXTURES;
    assert.ok(fixture !== undefined);
    const { options } = await createSubject(fixture);
    const problemOf = (profile: string): string | undefined =>
      inspectOptions({ issuers: [{ ...options, profile: profile as ProfileName }] }).problems[0]?.problem;
    assert.match(problemOf("aws-alb") ?? "", /PEM/);
    assert.equal(problemOf("keyclaok"), "is no profile");
    assert.equal(problemOf("toString"), "is no profile");
  });
});
