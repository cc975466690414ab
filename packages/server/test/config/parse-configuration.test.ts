import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ConfigurationError } from "countersign";

import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { loadConfiguration, parseConfiguration } from "../../src/config/parse-configuration.ts";

const NOWHERE = { env: {}, baseDir: "/nonexistent" };

const MINIMAL = `
issuers:
  - issuer: https://idp.example.com/
    audiences: [https://api.example.com]
    keys: { discovery: true }
routes:
  - { path: /**, allow: authenticated }
`;

function problemsOf(
  text: string,
  sources: Parameters<typeof parseConfiguration>[1] = NOWHERE,
): readonly string[] {
  try {
    parseConfiguration(text, sources);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    for (const { path, problem, remedy } of error.problems)
      assert.ok(path !== "" && problem !== "" && remedy !== "");
    return error.problems.map(({ path }) => path);
  }
}

describe("parseConfiguration", () => {
  it("takes where an issuer's claims stand, and has the library refuse what cannot be meant", () => {
    const withPrincipal = (principal: string): string =>
      MINIMAL.replace("    keys:", `    principal: ${principal}\n    keys:`);
    const mapping =
      '{ kind: workload, tenant: { path: tid, default: none }, roles: [realm_access.roles, { path: "/r/{audience}/roles", transform: { values: { a: b } } }] }';
    const { issuers } = parseConfiguration(withPrincipal(mapping), NOWHERE);
    assert.deepEqual(issuers[0]?.principal, {
      kind: "workload",
      tenant: { path: "tid", default: "none" },
      roles: ["realm_access.roles", { path: "/r/{audience}/roles", transform: { values: { a: "b" } } }],
    });
    assert.deepEqual(problemsOf(withPrincipal("{ roles: [a..b] }")), ["issuers[0].principal.roles[0]"]);
    assert.deepEqual(problemsOf(withPrincipal('{ client: "x.{client}" }')), ["issuers[0].principal.client"]);
    assert.equal(problemsOf(withPrincipal("{ roles: { path: r, default: admin } }")).length > 0, true);
  });

  it("fills in the contract's defaults", () => {
    const configuration = parseConfiguration(MINIMAL, NOWHERE);
    assert.deepEqual(configuration.listeners, {
      decision: { kind: "tcp", host: "127.0.0.1", port: 9400 },
      extAuthz: { kind: "tcp", host: "127.0.0.1", port: 9401 },
      admin: { kind: "tcp", host: "127.0.0.1", port: 9402 },
    });
    assert.deepEqual(configuration.trustedProxies, ["127.0.0.0/8", "::1/128", "unix"]);
    assert.equal(configuration.identityHeaders.prefix, "x-auth-");
    assert.equal(configuration.proxy.forwardToken, false);
    assert.equal(configuration.upstream, undefined);
  });

  it("leaves ext_authz to whoever places the decision listener", () => {
    const { listeners } = parseConfiguration(
      `${MINIMAL}listeners: { decision: "127.0.0.1:7000" }\n`,
      NOWHERE,
    );
    assert.equal(listeners.extAuthz, undefined);
    const both = parseConfiguration(`${MINIMAL}listeners: { decision: "off", extAuthz: on }\n`, NOWHERE);
    assert.deepEqual(both.listeners.extAuthz, { kind: "tcp", host: "127.0.0.1", port: 9401 });
  });

  it("turns the proxy on at 8080 where there is an upstream", () => {
    const { listeners } = parseConfiguration(`${MINIMAL}upstream: http://127.0.0.1:3000\n`, NOWHERE);
    assert.deepEqual(listeners.proxy, { kind: "tcp", host: "127.0.0.1", port: 8080 });
  });

  it("gives a deeply frozen value", () => {
    const configuration = parseConfiguration(MINIMAL, NOWHERE);
    assert.throws(() => Object.assign(configuration.routes[0] ?? {}, { allow: "anonymous" }), TypeError);
    assert.throws(() => Object.assign(configuration.issuers[0]?.keys ?? {}, { jwksUri: "x" }), TypeError);
  });

  it("tells every problem at once, the library's and the schema's", () => {
    const paths = problemsOf(`
issuers:
  - issuer: http://idp.example.com/
    audiences: []
    algorithms: [none]
    keys: { discovery: true }
routes:
  - { path: /a/../b, allow: open }
trustedProxies: [0.0.0.0/0, "::/0", 10.0.0.0/7, example.com]
listners: {}
`);
    for (const path of [
      "issuers[0].audiences",
      "routes[0].path",
      "routes[0].allow",
      "trustedProxies[0]",
      "trustedProxies[1]",
      "trustedProxies[2]",
      "trustedProxies[3]",
      "listners",
    ]) {
      assert.ok(paths.includes(path), `${path} is missing among ${paths.join(", ")}`);
    }
  });

  it("has the library check issuers even where other sections are wrong", () => {
    const paths = problemsOf(`
issuers:
  - issuer: https://idp.example.com/
    audiences: [a]
    algorithms: [none]
    clockToleranceSeconds: 4000
    keys: { discovery: true }
routes: []
`);
    assert.ok(paths.some((path) => path.startsWith("issuers[0].algorithms")));
    assert.ok(paths.includes("issuers[0].clockToleranceSeconds"));
    assert.ok(paths.includes("routes"));
  });

  it("names the key that an unknown one probably means", () => {
    const report = checkConfiguration(`${MINIMAL}trustedProxy: []\n`, NOWHERE);
    assert.deepEqual(report.problems, [
      { path: "trustedProxy", problem: "unknown key", remedy: 'Did you mean "trustedProxies"?' },
    ]);
  });

  it("requires that allow is written out", () => {
    assert.deepEqual(problemsOf(MINIMAL.replace(", allow: authenticated", "")), ["routes[0].allow"]);
  });

  it("refuses settings that contradict each other", () => {
    assert.deepEqual(problemsOf(`${MINIMAL}listeners: { proxy: "127.0.0.1:8080" }\n`), ["listeners.proxy"]);
    assert.deepEqual(problemsOf(`${MINIMAL}listeners: { decision: "off" }\n`), ["listeners"]);
    assert.deepEqual(problemsOf(`${MINIMAL}listeners: { admin: "127.0.0.1:9400" }\n`), ["listeners.admin"]);
    assert.deepEqual(problemsOf(`${MINIMAL}upstream: http://127.0.0.1:8080\n`), ["upstream"]);
    assert.deepEqual(problemsOf(`${MINIMAL}identityHeaders: { claims: { sub: subject } }\n`), [
      "identityHeaders.claims.sub",
    ]);
    const claims = "claims: { org: tenant }";
    assert.deepEqual(problemsOf(`${MINIMAL}identityHeaders: { ${claims} }\n`), []);
    assert.deepEqual(problemsOf(`${MINIMAL}identityHeaders: { fields: [kind, tenant], ${claims} }\n`), [
      "identityHeaders.claims.org",
    ]);
    assert.deepEqual(problemsOf(`${MINIMAL}identityHeaders: { fields: [kind, kind] }\n`), [
      "identityHeaders.fields",
    ]);
    assert.deepEqual(problemsOf(MINIMAL.replace("authenticated }", "anonymous, scopes: [a] }")), [
      "routes[0].scopes",
    ]);
  });

  it("refuses a header namespace that holds headers of HTTP or of proxies", () => {
    for (const prefix of ["x-", "x-forwarded-", "content-", "sec-", "X-Auth-", "x-auth", "x_auth_"]) {
      assert.deepEqual(problemsOf(`${MINIMAL}identityHeaders: { prefix: "${prefix}" }\n`), [
        "identityHeaders.prefix",
      ]);
    }
  });

  it("refuses an upstream with path, query, user or another scheme", () => {
    for (const upstream of ["http://a/b", "http://a/?b", "http://u@a", "ftp://a", "a:80", "http://a/#f"]) {
      assert.deepEqual(problemsOf(`${MINIMAL}upstream: "${upstream}"\n`), ["upstream"]);
    }
  });

  it("reads YAML strictly: one document, no duplicate keys, bounded aliases", () => {
    assert.equal(problemsOf("").length, 1);
    assert.equal(problemsOf(`${MINIMAL}---\n${MINIMAL}`).length, 1);
    assert.equal(problemsOf(`${MINIMAL}routes: []\n`).length, 1);
    assert.match(problemsOf("a: [")[0] ?? "", /^line \d+, column \d+$/);
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 9; level += 1) {
      const previous = String.fromCharCode(96 + level);
      const name = String.fromCharCode(97 + level);
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${previous}`).join(", ")}]`);
    }
    assert.deepEqual(problemsOf(bomb.join("\n")), ["(root)"]);
  });

  it("does not take a __proto__ key for settings", () => {
    const paths = problemsOf(`${MINIMAL}__proto__: { realm: x }\n`);
    assert.deepEqual(paths, ["__proto__"]);
    assert.equal(({} as Record<string, unknown>)["realm"], undefined);
  });
});

describe("references", () => {
  const withSecret = (value: string): string => `
issuers:
  - issuer: internal
    name: internal
    audiences: [a]
    algorithms: [HS256]
    keys: { secrets: [{ base64url: "${value}" }] }
routes: [{ path: /**, allow: authenticated }]
`;
  const SECRET = Buffer.alloc(32, 7).toString("base64url");

  function secretIn(text: string, sources: Parameters<typeof parseConfiguration>[1]): unknown {
    const { keys } = parseConfiguration(text, sources).issuers[0] ?? {};
    return keys !== undefined && "secrets" in keys ? keys.secrets : undefined;
  }

  it("takes variables of the environment", () => {
    const secrets = secretIn(withSecret("${HMAC}"), { env: { HMAC: SECRET }, baseDir: "/" });
    assert.deepEqual(secrets, [{ base64url: SECRET }]);
  });

  it("tells which variable is missing, and where", () => {
    assert.ok(problemsOf(withSecret("${HMAC}")).includes("issuers[0].keys.secrets[0].base64url"));
  });

  it("takes what a variable holds as text, never as YAML or as another reference", () => {
    const { realm } = parseConfiguration(`${MINIMAL}realm: "${"$"}{REALM}"\n`, {
      env: { REALM: "a, b: [${OTHER}]" },
      baseDir: "/",
    });
    assert.equal(realm, "a, b: [${OTHER}]");
  });

  it("leaves $${ as ${", () => {
    assert.equal(parseConfiguration(`${MINIMAL}realm: "a$\${b}"\n`, NOWHERE).realm, "a${b}");
  });

  it("reads file: relative to the configuration, without the final line feed", () => {
    const baseDir = mkdtempSync(join(tmpdir(), "countersign-config-"));
    writeFileSync(join(baseDir, "secret"), `${SECRET}\n`, { mode: 0o600 });
    assert.deepEqual(secretIn(withSecret("file:secret"), { env: {}, baseDir }), [{ base64url: SECRET }]);
  });

  it("reports a file that cannot be read, is too long, or holds no JSON", () => {
    const baseDir = mkdtempSync(join(tmpdir(), "countersign-config-"));
    writeFileSync(join(baseDir, "long"), Buffer.alloc(1_048_577, 65));
    writeFileSync(join(baseDir, "text"), "no json");
    const sources = { env: {}, baseDir };
    assert.ok(
      problemsOf(withSecret("file:absent"), sources).includes("issuers[0].keys.secrets[0].base64url"),
    );
    assert.ok(problemsOf(withSecret("file:long"), sources).includes("issuers[0].keys.secrets[0].base64url"));
    const withSet = MINIMAL.replace("{ discovery: true }", '{ jwks: "file:text" }');
    assert.deepEqual(problemsOf(withSet, sources), ["issuers[0].keys.jwks"]);
  });

  it("never shows a secret in a problem", () => {
    const short = Buffer.from("too-short-secret").toString("base64url");
    const report = checkConfiguration(withSecret("${HMAC}"), { env: { HMAC: short }, baseDir: "/" });
    assert.ok(report.problems.length > 0);
    assert.ok(!JSON.stringify(report.problems).includes(short));
  });
});

describe("loadConfiguration", () => {
  it("says that a file cannot be read, or is too long", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-config-"));
    const long = join(folder, "long.yaml");
    writeFileSync(long, Buffer.alloc(1_048_577, 32));
    await assert.rejects(loadConfiguration(join(folder, "absent.yaml")), {
      name: "ConfigurationError",
      problem: /ENOENT/,
    });
    await assert.rejects(loadConfiguration(long), { name: "ConfigurationError", problem: /1048577 bytes/ });
  });

  it("reads a file", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "countersign-config-")), "sidecar.yaml");
    writeFileSync(path, MINIMAL);
    assert.equal((await loadConfiguration(path)).routes.length, 1);
  });
});
