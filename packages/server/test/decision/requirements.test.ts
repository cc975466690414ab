import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ConfigurationError, createValidator } from "countersign";
import { createTestIssuer, TEST_TOKEN_NAMES, TEST_TOKENS } from "countersign/testing";

import type { DeciderSetup } from "../../src/decision/create-decider.ts";
import { createDecider } from "../../src/decision/create-decider.ts";
import type { Decision, RequestDescription } from "../../src/decision/decision.ts";
import { answerRefusal } from "../../src/decision/http-answer.ts";

const issuer = await createTestIssuer();
const options = { ...issuer.validatorOptions(), name: "main" };
const validator = createValidator({ issuers: [options] });

const SETUP: DeciderSetup = {
  validator,
  issuers: [options],
  routes: [
    { path: "/optional/**", allow: "optional", require: "staff" },
    { path: "/staff/**", allow: "authenticated", require: "staff", scopes: ["read"] },
    { path: "/fresh/**", allow: "authenticated", require: { acr: ["gold"], maxAgeSeconds: 60 } },
    { path: "/watched/**", allow: "authenticated", require: "staff", shadow: true },
    { path: "/soon/**", allow: "anonymous", require: "staff", shadow: true },
    { path: "/mixed/**", allow: "authenticated", require: { all: [{ issuers: ["main"] }, "strict"] } },
    {
      path: "/cel/**",
      allow: "authenticated",
      require: { cel: "request.path == '/cel/' + principal.subject" },
    },
    { path: "/broken/**", allow: "authenticated", require: { cel: "token.claims.absent == 1" } },
    { path: "/api/**", allow: "authenticated", methods: ["GET", "PUT"], preflight: "allow" },
    { path: "/api/**", allow: "authenticated", methods: ["DELETE"] },
  ],
  requirements: {
    staff: { roles: { any: ["staff", "admin"] } },
    strict: { claims: [{ path: "level", equals: 3 }], shadow: true },
  },
  identityHeaders: { prefix: "x-auth-", claims: {}, maxValueBytes: 2048 },
  logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  clock: Date.now,
};
const decide = createDecider(SETUP);

type Headers = RequestDescription["headers"];

function request(target: string, headers: Headers = [], method = "GET"): RequestDescription {
  return { method, scheme: "https", host: "api.test", target, headers };
}

async function bearer(claims: Readonly<Record<string, unknown>> = {}): Promise<Headers> {
  return [["Authorization", `Bearer ${await issuer.sign(claims as never)}`]];
}

function told(decision: Decision): string {
  if (!decision.allow) return decision.rejected.reason;
  return decision.verdict === undefined ? "anonymous" : "ok";
}

describe("an optional route", () => {
  it("lets in who shows nothing, with no identity", async () => {
    const decision = await decide(request("/optional/x"));
    assert.ok(decision.allow);
    assert.equal(decision.verdict, undefined);
    assert.ok(decision.identity.every(([, value]) => value === ""));
  });

  it("tells who it is where a good token came that meets the requirements", async () => {
    const decision = await decide(request("/optional/x", await bearer({ roles: ["staff"] })));
    assert.ok(decision.allow);
    assert.equal(new Map(decision.identity).get("x-auth-subject"), "user-1");
    assert.equal(told(await decide(request("/optional/x", await bearer()))), "policy_denied");
  });

  it("refuses whatever else stands in Authorization: present but wrong is not absent", async () => {
    for (const value of ["Basic dXNlcjpwYXNz", "Bearer", "Bearer x y", "DPoP abc", "", "Negotiate"]) {
      const decision = await decide(request("/optional/x", [["Authorization", value]]));
      assert.ok(!decision.allow, value);
      assert.ok(decision.rejected.fault === "client", value);
    }
    const [one] = await bearer();
    assert.ok(one !== undefined);
    assert.equal(told(await decide(request("/optional/x", [one, one]))), "malformed_request");
  });

  for (const name of TEST_TOKEN_NAMES) {
    if (TEST_TOKENS[name].expected === "ok") continue;
    it(`refuses a token that is ${name}`, async () => {
      const headers: Headers = [["Authorization", `Bearer ${await issuer.tokens[name]()}`]];
      assert.equal((await decide(request("/optional/x", headers))).allow, false);
    });
  }
});

describe("requirements of a route", () => {
  it("hold together with its scopes, and the challenge asks for those", async () => {
    assert.equal(
      told(await decide(request("/staff/x", await bearer({ roles: ["admin"], scope: "read" })))),
      "ok",
    );
    const refused = await decide(request("/staff/x", await bearer({ roles: ["admin"], scope: "write" })));
    assert.ok(!refused.allow);
    assert.equal(refused.rejected.reason, "scope_insufficient");
    assert.deepEqual(refused.scopes, ["read"]);
    assert.equal(told(await decide(request("/staff/x", await bearer({ scope: "read" })))), "policy_denied");
  });

  it("ask for a stronger authentication in the challenge", async () => {
    const refused = await decide(request("/fresh/x", await bearer({ acr: "silver" })));
    assert.ok(!refused.allow);
    const answer = answerRefusal(refused, undefined);
    assert.equal(answer.status, 401);
    const challenge = answer.headers.find(([name]) => name === "WWW-Authenticate")?.[1] ?? "";
    assert.match(challenge, /error="insufficient_user_authentication"/);
    assert.match(challenge, /acr_values="gold"/);
    assert.match(challenge, /max_age="60"/);
    const fresh = await bearer({ acr: "gold", auth_time: Math.floor(Date.now() / 1000) - 10 });
    assert.equal(told(await decide(request("/fresh/x", fresh))), "ok");
  });

  it("judge expressions over the request that routes were matched by", async () => {
    const headers = await bearer();
    assert.equal(told(await decide(request("/cel/user%2D1?x=/cel/other", headers))), "ok");
    assert.equal(told(await decide(request("/cel/user-2", headers))), "policy_denied");
  });

  it("answer 503 where an expression cannot be judged, and never let in", async () => {
    const refused = await decide(request("/broken/x", await bearer()));
    assert.ok(!refused.allow);
    assert.equal(refused.rejected.reason, "policy_unavailable");
    assert.equal(refused.rejected.fault, "system");
    assert.equal(answerRefusal(refused, undefined).status, 503);
  });

  it("are refused as a whole where one cannot be compiled", () => {
    const routes = [{ path: "/**", allow: "authenticated", require: "absent" }] as const;
    assert.throws(() => createDecider({ ...SETUP, routes }), ConfigurationError);
  });
});

describe("a route in shadow", () => {
  it("lets in whom its requirements would refuse, and tells", async () => {
    const decision = await decide(request("/watched/x", await bearer()));
    assert.equal(told(decision), "ok");
    assert.deepEqual(decision.shadow, [{ policy: "routes[3]", would: "refused", reason: "policy_denied" }]);
    const met = await decide(request("/watched/x", await bearer({ roles: ["staff"] })));
    assert.deepEqual(met.shadow, [{ policy: "routes[3]", would: "allowed", reason: "ok" }]);
  });

  it("still asks for a good token, as its allow says", async () => {
    assert.equal(told(await decide(request("/watched/x"))), "missing_token");
    const expired: Headers = [["Authorization", `Bearer ${await issuer.tokens.expired()}`]];
    assert.equal(told(await decide(request("/watched/x", expired))), "token_expired");
  });

  it("watches the token too where it is anonymous, and enforces nothing of it", async () => {
    const seen = async (headers: Headers) => {
      const decision = await decide(request("/soon/x", headers));
      assert.ok(decision.allow);
      assert.equal(decision.verdict, undefined);
      assert.ok(decision.identity.every(([, value]) => value === ""));
      return decision.shadow?.map(({ would, reason }) => `${would} ${reason}`);
    };
    assert.deepEqual(await seen([]), ["refused missing_token"]);
    assert.deepEqual(await seen([["Authorization", "Bearer x"]]), ["refused malformed_token"]);
    assert.deepEqual(await seen(await bearer()), ["refused policy_denied"]);
    assert.deepEqual(await seen(await bearer({ roles: ["admin"] })), ["allowed ok"]);
  });

  it("waits for no keys where it is anonymous", async () => {
    const late = createDecider({
      ...SETUP,
      validator: {
        validate: () => assert.fail("no request waits for what is only watched"),
        validateSync: (token) => validator.validateSync(token),
      },
    });
    assert.equal(told(await late(request("/soon/x", await bearer()))), "anonymous");
  });
});

describe("a requirement in shadow beside enforced ones", () => {
  it("is told by its name, whatever the enforced ones decide", async () => {
    const decision = await decide(request("/mixed/x", await bearer({ level: 2 })));
    assert.equal(told(decision), "ok");
    assert.deepEqual(decision.shadow, [{ policy: "strict", would: "refused", reason: "policy_denied" }]);
  });
});

describe("a CORS preflight", () => {
  const preflight = (asked: string, more: Headers = []): Headers => [
    ["Origin", "https://app.example"],
    ["Access-Control-Request-Method", asked],
    ...more,
  ];

  it("passes without a token where the route of the request to come lets it, without identity", async () => {
    const headers = preflight("PUT", [["X_Auth_Subject", "root"]]);
    const decision = await decide(request("/api/x", headers, "OPTIONS"));
    assert.ok(decision.allow);
    assert.ok(decision.identity.every(([, value]) => value === ""));
    assert.deepEqual(decision.remove, ["X_Auth_Subject"]);
  });

  it("does not pass elsewhere, nor does what only looks like one", async () => {
    const refused: readonly (readonly [string, Headers, string])[] = [
      ["/api/x", preflight("DELETE"), "OPTIONS"],
      ["/api/x", preflight("POST"), "OPTIONS"],
      ["/staff/x", preflight("GET"), "OPTIONS"],
      ["/api/x", preflight("GET"), "GET"],
      ["/api/x", preflight("GET"), "options"],
      ["/api/x", [["Access-Control-Request-Method", "GET"]], "OPTIONS"],
      ["/api/x", [["Origin", "https://app.example"]], "OPTIONS"],
      ["/api/x", preflight("GET", [["Access-Control-Request-Method", "GET"]]), "OPTIONS"],
      ["/api/x", preflight("GET", [["Authorization", "Basic eA=="]]), "OPTIONS"],
      ["/api/../api/x", preflight("GET"), "OPTIONS"],
    ];
    for (const [target, headers, method] of refused) {
      const decision = await decide(request(target, headers, method));
      assert.equal(decision.allow, false, JSON.stringify([target, headers, method]));
    }
  });
});

describe("what the decision core refuses on every route", () => {
  it("is an identity header or a token that stands there twice", async () => {
    for (const headers of [
      [
        ["X-Auth-Subject", "a"],
        ["x-auth-subject", "b"],
      ],
      [
        ["DPoP", "a"],
        ["dpop", "a"],
      ],
    ] as const) {
      assert.equal(told(await decide(request("/soon/x", headers))), "malformed_request");
    }
    const one = await decide(request("/soon/x", [["X_Auth_Subject", "a"]]));
    assert.equal(told(one), "anonymous");
    assert.deepEqual(one.remove, ["X_Auth_Subject"]);
  });

  it("is another method in a header than the request's, unless that is let by", async () => {
    const keep = createDecider({ ...SETUP, methodOverride: "keep" });
    for (const name of [
      "X-HTTP-Method-Override",
      "x_http_method_override",
      "X-HTTP-Method",
      "X-Method-Override",
    ]) {
      assert.equal(told(await decide(request("/soon/x", [[name, "DELETE"]]))), "malformed_request", name);
      assert.equal(told(await decide(request("/soon/x", [[name, "get"]]))), "anonymous", name);
      assert.equal(told(await keep(request("/soon/x", [[name, "DELETE"]]))), "anonymous", name);
    }
  });

  it("is CONNECT, TRACE, and targets that are no path", async () => {
    for (const [target, method] of [
      ["/soon/x", "CONNECT"],
      ["/soon/x", "TRACE"],
      ["/soon/x", "trace"],
      ["api.test:443", "GET"],
      ["*", "OPTIONS"],
      ["http://api.test/soon/x", "GET"],
    ] as const) {
      assert.equal(
        told(await decide(request(target, [], method))),
        "malformed_request",
        `${method} ${target}`,
      );
    }
  });

  it("is a path that is read in different ways, unless the configuration says how", async () => {
    const lenient = createDecider({
      ...SETUP,
      paths: {
        encodedSlash: "decode",
        backslash: "slash",
        dotSegments: "remove",
        doubleSlash: "merge",
        semicolon: "strip",
      },
    });
    for (const target of [
      "/soon/..%2fstaff/x",
      "/soon\\..\\staff\\x",
      "//staff;a=b//x",
      "/soon/%2e%2E/staff/x",
    ]) {
      assert.equal(told(await decide(request(target))), "malformed_request", target);
      assert.equal(told(await lenient(request(target))), "missing_token", target);
    }
  });
});

describe("the protected resource", () => {
  it("is named in every challenge, and in no system fault", async () => {
    const named = createDecider({ ...SETUP, resource: { identifier: "https://api.example.com/v1" } });
    const url = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/v1"';
    const refused: readonly Headers[] = [[], await bearer({ aud: "other" }), await bearer()];
    for (const headers of refused) {
      const decision = await named(request("/staff/x", headers));
      assert.ok(!decision.allow);
      const challenge = answerRefusal(decision, "api").headers.find(([name]) => name === "WWW-Authenticate");
      assert.ok(challenge?.[1].includes(url), challenge?.[1] ?? "no challenge");
    }
    const broken = await named(request("/broken/x", await bearer()));
    assert.ok(!broken.allow);
    assert.equal(
      answerRefusal(broken, undefined).headers.some(([name]) => name === "WWW-Authenticate"),
      false,
    );
  });
});
