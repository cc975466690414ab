import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigurationError, createValidator, type IssuerOptions, inspectOptions } from "../../src/index.ts";
import { createTestIssuer } from "../../src/testing/index.ts";
import { KEY, options } from "./local-issuer.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64url");

/** The problems of one issuer's options, as `path: problem`. */
function problemsOf(changes: Record<string, unknown>): readonly string[] {
  return inspectOptions(options(changes as Partial<IssuerOptions>)).problems.map(
    ({ path, problem }) => `${path}: ${problem}`,
  );
}

function assertProblem(changes: Record<string, unknown>, expected: RegExp): void {
  const problems = problemsOf(changes);
  assert.ok(
    problems.some((problem) => expected.test(problem)),
    `${expected} is not in ${JSON.stringify(problems)}`,
  );
}

describe("the options", () => {
  it("are refused with every problem at once, each with path, problem and remedy", () => {
    const wrong = {
      issuers: [{ issuer: "", audiences: [], keys: {}, clockToleranceSeconds: 301 }],
      clock: 5,
      typo: true,
    };
    assert.throws(
      () => createValidator(wrong as never),
      (error) => {
        assert.ok(error instanceof ConfigurationError);
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          [
            "typo",
            "clock",
            "issuers[0].issuer",
            "issuers[0].audiences",
            "issuers[0].clockToleranceSeconds",
            "issuers[0].keys",
          ],
        );
        for (const { problem, remedy } of error.problems) assert.ok(problem !== "" && remedy !== "");
        assert.equal(error.path, "typo");
        assert.match(error.message, /issuers\[0\]\.audiences: expected at least one audience/);
        return true;
      },
    );
  });

  it("are refused where they are nothing or name no issuer", () => {
    for (const value of [undefined, null, 5, [], {}, { issuers: [] }, { issuers: {} }, { issuers: [7] }]) {
      assert.ok(inspectOptions(value).problems.length > 0, JSON.stringify(value));
    }
  });

  it("have no audience by default", () => {
    assertProblem({ audiences: undefined }, /audiences: expected at least one/);
    assertProblem({ audiences: [""] }, /audiences\[0\]/);
    assertProblem({ audiences: "https://api.example.com" }, /audiences/);
    assertProblem({ audiences: [/api/] }, /audiences\[0\]/);
  });

  it("allow only known algorithms, and none never", () => {
    for (const name of ["none", "es256", "ES256K", "RSA1_5", "__proto__", "toString", 5, null]) {
      assertProblem({ algorithms: [name] }, /algorithms\[0\]: is no algorithm/);
    }
    assertProblem({ algorithms: [] }, /algorithms: expected at least one/);
  });

  it("may be none where nothing that is signed is accepted", async () => {
    assert.deepEqual(problemsOf({ keys: { none: true } }), []);
    assert.match(problemsOf({ keys: { none: 1 } }).join(), /expected true/);
    assert.match(
      problemsOf({ keys: { none: true, jwks: { keys: [KEY.jwk] } } }).join(),
      /found jwks and none/,
    );
    const other = await createTestIssuer();
    const validator = createValidator({ issuers: [{ ...other.validatorOptions(), keys: { none: true } }] });
    await validator.ready();
    const verdict = await validator.validate(await other.sign());
    assert.equal(verdict.ok ? "ok" : verdict.reason, "key_unknown");
    await validator.close();
  });

  it("never allow secrets beside public keys", () => {
    assertProblem({ algorithms: ["ES256", "HS256"] }, /algorithms\[1\]: is an HMAC algorithm/);
    assertProblem(
      { keys: { secrets: [{ base64url: SECRET }] }, algorithms: ["HS256", "RS256"] },
      /algorithms\[1\]: is not/,
    );
    assertProblem(
      { keys: { secrets: [{ base64url: SECRET }], jwks: { keys: [KEY.jwk] } } },
      /found jwks and secrets/,
    );
    assert.deepEqual(problemsOf({ keys: { secrets: [{ base64url: SECRET }] } }), []);
  });

  it("refuse short, textual and misplaced secrets without showing them", () => {
    for (const secrets of [
      ["a string"],
      [{ base64url: "c2hvcnQ" }],
      [],
      "text",
      [{ base64url: SECRET, bytes: new Uint8Array(32) }],
    ]) {
      const problems = problemsOf({ keys: { secrets } });
      assert.ok(problems.length > 0);
      assert.doesNotMatch(problems.join(), /a string of|c2hvcnQ/);
    }
    const pem = Buffer.from(
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
    );
    assertProblem({ keys: { secrets: [{ bytes: new Uint8Array(pem) }] } }, /secrets\[0\]/);
  });

  it("refuse inline sets without a usable key, and say why of each", () => {
    assertProblem({ keys: { jwks: { keys: [] } } }, /keys\.jwks\.keys: holds no key/);
    assertProblem({ keys: { jwks: {} } }, /keys\.jwks/);
    const { d: _, ...broken } = { ...KEY.jwk, x: "AAAA", d: undefined };
    assertProblem({ keys: { jwks: { keys: [broken] } } }, /keys\.jwks\.keys\[0\]/);
  });

  it("use one malformed inline key's neighbors, and tell it", () => {
    const events: unknown[] = [];
    const jwks = { keys: [{ kty: "EC", crv: "P-256", x: 5, y: 6 }, KEY.jwk] };
    createValidator(options({ keys: { jwks } }, { observer: (event) => events.push(event) }));
    assert.equal((events[0] as { type: string }).type, "key_refused");
  });

  it("bound the clock tolerance and the lifetimes", () => {
    for (const clockToleranceSeconds of [-1, 301, Number.NaN, Number.POSITIVE_INFINITY, "30"]) {
      assertProblem({ clockToleranceSeconds }, /clockToleranceSeconds: expected a number from 0 to 300/);
    }
    assert.deepEqual(problemsOf({ clockToleranceSeconds: 0 }), []);
    assert.deepEqual(problemsOf({ clockToleranceSeconds: 300 }), []);
    assertProblem({ maxLifetimeSeconds: 0 }, /maxLifetimeSeconds/);
    assertProblem({ maxAgeSeconds: Number.NaN }, /maxAgeSeconds/);
    assertProblem({ expiry: false }, /expiry/);
    assertProblem({ binding: "none" }, /binding/);
  });

  it("refuse what no option is called, so that a misspelling is no opt-out", () => {
    assertProblem({ audience: "x" }, /issuers\[0\]\.audience: is no option/);
    assertProblem(
      { keys: { jwksUri: "https://idp.example.com/jwks", timeout: 5 } },
      /keys\.timeout: is no option/,
    );
  });

  it("fetch only https, and http from this machine where that is written out", () => {
    assertProblem({ keys: { jwksUri: "http://idp.example.com/jwks" } }, /jwksUri/);
    assertProblem({ keys: { jwksUri: "http://127.0.0.1/jwks" } }, /jwksUri/);
    assertProblem({ keys: { jwksUri: "http://10.0.0.1/jwks", insecureLoopbackHttp: true } }, /jwksUri/);
    assert.deepEqual(
      problemsOf({ keys: { jwksUri: "http://127.0.0.1/jwks", insecureLoopbackHttp: true } }),
      [],
    );
    for (const jwksUri of ["file:///etc/passwd", "ftp://a/b", "data:,x", "jwks.json", "https://u:p@a/b"]) {
      assertProblem({ keys: { jwksUri } }, /jwksUri/);
    }
    for (const issuer of ["http://idp.example.com", "https://a/b?c", "https://a/#d", "urn:x"]) {
      assertProblem({ issuer, name: "x", keys: { discovery: true } }, /issuers\[0\]\.issuer/);
    }
  });

  it("want one issuer and one alias for each entry", () => {
    const [issuer] = options().issuers as [IssuerOptions];
    const twice = inspectOptions({ issuers: [issuer, issuer] }).problems.map(({ path }) => path);
    assert.deepEqual(twice, ["issuers[1].issuer", "issuers[1].name"]);
    const realms = ["https://kc.example/realms/a", "https://kc.example/realms/b"];
    const sameHost = inspectOptions({
      issuers: realms.map((name) => ({ ...issuer, issuer: name })),
    }).problems;
    assert.deepEqual(
      sameHost.map(({ path }) => path),
      ["issuers[1].name"],
    );
    assertProblem({ name: "a b" }, /name: expected an alias/);
    assertProblem({ issuer: "urn:example:issuer" }, /name: the issuer has no host/);
  });

  it("know a name that is refused from a misspelling", () => {
    assertProblem({ profile: "aws-alb" }, /is not there/);
    assertProblem({ profile: "jtw" }, /is no profile/);
    assertProblem({ profile: "toString" }, /is no profile/);
  });

  it("bound the length of tokens", () => {
    for (const tokenBytes of [255, 65_537, Number.NaN, "8192"]) {
      const problems = inspectOptions(options({}, { limits: { tokenBytes } as never })).problems;
      assert.equal(problems[0]?.path, "limits.tokenBytes");
    }
    assert.deepEqual(inspectOptions(options({}, { limits: { tokenBytes: 65_536 } })).problems, []);
  });

  it("list the opt-outs in force, with what each costs", () => {
    const report = inspectOptions(
      options({
        audiences: "unchecked",
        expiry: "unchecked",
        binding: "unchecked",
        maxLifetimeSeconds: "unchecked",
        keys: { jwksUri: "http://localhost/jwks", insecureLoopbackHttp: true },
      }),
    );
    assert.deepEqual(
      report.optOuts.map(({ path }) => path),
      [
        "issuers[0].audiences",
        "issuers[0].expiry",
        "issuers[0].binding",
        "issuers[0].maxLifetimeSeconds",
        "issuers[0].keys.insecureLoopbackHttp",
      ],
    );
    for (const { consequence, issuer } of report.optOuts)
      assert.ok(consequence !== "" && issuer === "idp.example.com");
    assert.deepEqual(inspectOptions(options()).optOuts, []);
  });
});
