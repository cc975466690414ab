import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";

const SOURCES = { env: {}, baseDir: "/nonexistent" };

function check(rest: string, issuer = ""): ReturnType<typeof checkConfiguration> {
  return checkConfiguration(
    `
issuers:
  - issuer: https://idp.example.com/
    name: main
    audiences: [https://api.example.com]
    keys: { discovery: true }
${issuer}
${rest}`,
    SOURCES,
  );
}

function found(report: ReturnType<typeof checkConfiguration>): readonly string[] {
  assert.deepEqual(report.problems, []);
  return report.findings.map(({ path, kind }) => `${path} ${kind}`);
}

describe("the linter finds", () => {
  const cases: readonly (readonly [string, string, readonly string[], string?])[] = [
    [
      "a weaker route for the other spelling of an exact path",
      `routes:
  - { path: /admin, allow: authenticated, require: { roles: { any: [admin] } } }
  - { path: /**, allow: authenticated }`,
      ["routes[0] route"],
    ],
    [
      "the same the other way round",
      "routes: [{ path: /admin/, allow: authenticated }, { path: /**, allow: optional }]",
      ["routes[0] route", "routes[1] exposure"],
    ],
    [
      "a way around by another host",
      `routes:
  - { path: /admin/**, hosts: [api.example.com], allow: authenticated }
  - { path: /**, allow: anonymous }`,
      ["routes[0] exposure"],
    ],
    [
      "nothing where the other route asks for as much",
      `routes:
  - { path: /a, hosts: [api.example.com], allow: authenticated, methods: [GET] }
  - { path: /**, allow: authenticated }`,
      [],
    ],
    [
      "shadow that was left on, on a route or in a set",
      `requirements: { new: { all: [{ roles: { any: [x] } }, { principal: user, shadow: true }] } }
routes:
  - { path: /a/**, allow: authenticated, scopes: [a], shadow: true }
  - { path: /b/**, allow: authenticated, require: new }
  - { path: /c/**, allow: anonymous, shadow: true }`,
      ["routes[0] opt_out", "routes[1] opt_out", "routes[2] opt_out"],
    ],
    [
      "a binding that nobody proves",
      "routes: [{ path: /**, allow: authenticated, require: { any: [{ senderConstrained: true }] } }]",
      ["routes[0].require route"],
    ],
    [
      "a binding that somebody else must prove",
      "routes: [{ path: /**, allow: authenticated, require: { senderConstrained: true } }]",
      ["issuers[0].binding opt_out", "routes[0].require exposure"],
      "    binding: unchecked",
    ],
    [
      "what one instance alone knows",
      "routes: [{ path: /**, allow: authenticated, singleUse: true }]\nrevocation: {}",
      ["revocation.store exposure", "replay.store exposure"],
    ],
    [
      "a time without the replay store",
      `replay: { store: { sqlite: /tmp/uses.db } }
routes: [{ path: /**, allow: authenticated, singleUse: true, localReplaySeconds: 30 }]`,
      ["routes[0].localReplaySeconds exposure"],
    ],
    [
      "readings of paths that the upstream must share, and overridden methods",
      `paths: { encodedSlash: decode, dotSegments: remove, semicolon: strip, doubleSlash: merge, backslash: keep }
methodOverride: keep
routes: [{ path: /**, allow: authenticated }]`,
      [
        "paths.encodedSlash exposure",
        "paths.backslash exposure",
        "paths.dotSegments exposure",
        "paths.doubleSlash exposure",
        "paths.semicolon exposure",
        "methodOverride exposure",
      ],
    ],
    [
      "a long tolerance of clocks",
      "routes: [{ path: /**, allow: authenticated }]",
      ["issuers[0].clockToleranceSeconds opt_out"],
      "    clockToleranceSeconds: 121",
    ],
    [
      "no usual tolerance of clocks",
      "routes: [{ path: /**, allow: authenticated }]",
      [],
      "    clockToleranceSeconds: 120",
    ],
  ];
  for (const [name, rest, expected, issuer] of cases) {
    it(name, () => assert.deepEqual(found(check(rest, issuer)), expected));
  }

  it("nothing that the configuration accepts with a reason, and exceptions that accept nothing", () => {
    const report = check(`
exceptions:
  - { path: "routes[0]", reason: "The landing page greets users by name" }
  - { path: "routes[7]", reason: "Was needed by the old console" }
routes: [{ path: /**, allow: optional }]`);
    assert.deepEqual(found(report), ["exceptions[1] exception"]);
    assert.deepEqual(
      report.accepted.map(({ path, because }) => [path, because]),
      [["routes[0]", "The landing page greets users by name"]],
    );
  });
});

describe("the file is refused", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "an unknown requirement",
      "routes: [{ path: /**, allow: authenticated, require: staff }]",
      "routes[0].require",
    ],
    [
      "a circle",
      "requirements: { a: b, b: a }\nroutes: [{ path: /**, allow: authenticated, require: a }]",
      "requirements.b",
    ],
    [
      "an expression that reads the query",
      "routes: [{ path: /**, allow: authenticated, scopes: [a], require: { cel: 'request.query == \"\"' } }]",
      "routes[0].require.cel",
    ],
    [
      "an unknown alias, deep inside",
      "requirements: { a: { any: [{ all: [{ issuers: [other] }] }] } }\nroutes: [{ path: /**, allow: authenticated }]",
      "requirements.a.any[0].all[0].issuers[0]",
    ],
    [
      "an unknown member",
      "routes: [{ path: /**, allow: authenticated, require: { any: [{ role: x }] } }]",
      "routes[0].require.any[0].role",
    ],
    [
      "a member of another form",
      "routes: [{ path: /**, allow: authenticated, require: { maxAgeSeconds: -1 } }]",
      "routes[0].require.maxAgeSeconds",
    ],
    [
      "a requirement that is neither a name nor an object",
      "routes: [{ path: /**, allow: authenticated, require: [staff] }]",
      "routes[0].require",
    ],
    [
      "requirements where no token is asked for",
      "requirements: { a: { principal: user } }\nroutes: [{ path: /**, allow: anonymous, require: a }]",
      "routes[0].require",
    ],
    [
      "shadow without anything to watch",
      "routes: [{ path: /**, allow: authenticated, shadow: true }]",
      "routes[0].shadow",
    ],
    ["CONNECT", "routes: [{ path: /**, allow: authenticated, methods: [CONNECT] }]", "routes[0].methods[0]"],
    [
      "an identifier that is no https URL",
      "resource: http://api.example.com\nroutes: [{ path: /**, allow: authenticated }]",
      "resource",
    ],
    [
      "an exception without a reason",
      "exceptions: [{ path: 'routes[0]', reason: because }]\nroutes: [{ path: /**, allow: authenticated }]",
      "exceptions[0].reason",
    ],
    [
      "a path of a claim that is none",
      "identityHeaders: { claims: { a..b: x } }\nroutes: [{ path: /**, allow: authenticated }]",
      "identityHeaders.claims.a..b",
    ],
  ];
  for (const [name, rest, path] of cases) {
    it(`for ${name}, at ${path}`, () => {
      const { problems } = check(rest);
      assert.ok(
        problems.some((problem) => problem.path === path),
        JSON.stringify(problems),
      );
      for (const { problem, remedy } of problems) {
        assert.notEqual(problem, "invalid input");
        assert.notEqual(remedy, "");
      }
    });
  }

  it("naming the members that are known where one is not", () => {
    const [problem] = check(
      "routes: [{ path: /**, allow: authenticated, require: { scope: { any: [a] } } }]",
    ).problems;
    assert.equal(problem?.remedy, 'Did you mean "scopes"?');
  });
});

it("the table says what each route asks for", () => {
  const { routes } = check(`
routes:
  - { path: /a, allow: optional, require: { principal: user }, preflight: allow }
  - { path: /a/, allow: authenticated, scopes: [s], shadow: true }`);
  assert.deepEqual(
    routes.map(({ allow, scopes, requires, shadow, preflight }) => ({
      allow,
      scopes,
      requires,
      shadow,
      preflight,
    })),
    [
      { allow: "optional", scopes: [], requires: true, shadow: false, preflight: true },
      { allow: "authenticated", scopes: ["s"], requires: false, shadow: true, preflight: false },
    ],
  );
});
