import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";

const SOURCES = { env: {}, baseDir: "/nonexistent" };

function check(rest: string, issuer = ""): ReturnType<typeof checkConfiguration> {
  return checkConfiguration(
    `
issuers:
  - issuer: https://idp.example.com/
    audiences: [https://api.example.com]
    keys: { discovery: true }
${issuer}
${rest}`,
    SOURCES,
  );
}

describe("checkConfiguration", () => {
  it("finds nothing in a plain configuration", () => {
    const report = check("routes: [{ path: /**, allow: authenticated }]");
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.findings, []);
  });

  it("lists the table most specific first, with the routes that can never match", () => {
    const report = check(`
routes:
  - { path: /**, allow: authenticated }
  - { path: /orders/**, allow: authenticated, methods: [GET, POST] }
  - { path: /orders/**, allow: authenticated, methods: [HEAD, POST], scopes: [write] }
  - { path: /orders/new, allow: authenticated, hosts: [a.example.com] }
`);
    assert.deepEqual(
      report.routes.map(({ index, unreachable }) => [index, unreachable]),
      [
        [3, false],
        [1, false],
        [2, true],
        [0, false],
      ],
    );
    const [finding] = report.findings;
    assert.equal(finding?.path, "routes[2]");
    assert.equal(finding?.kind, "route");
  });

  it("lists every opt-out of the library with its path", () => {
    const report = check(
      "routes: [{ path: /**, allow: authenticated }]",
      "    maxLifetimeSeconds: unchecked\n    expiry: unchecked",
    );
    assert.deepEqual(report.findings.map(({ path, kind }) => `${path} ${kind}`).toSorted(), [
      "issuers[0].expiry bypass",
      "issuers[0].maxLifetimeSeconds opt_out",
    ]);
  });

  it("warns of listeners, trust, token and upstream that others reach", () => {
    const report = check(`
listeners: { admin: "0.0.0.0:9402", decision: "[::]:9400" }
trustedProxies: [127.0.0.1, 10.1.0.0/16]
upstream: http://orders.internal:3000
proxy: { forwardToken: true }
routes: [{ path: /**, allow: authenticated }]
`);
    assert.deepEqual(
      report.findings.map(({ path }) => path),
      ["listeners.admin", "listeners.decision", "trustedProxies[1]", "proxy.forwardToken", "upstream"],
    );
  });

  it("warns where the other spelling of an exact path is anonymous", () => {
    const report = check(`
routes:
  - { path: /admin, allow: authenticated }
  - { path: /**, allow: anonymous }
`);
    assert.deepEqual(
      report.findings.map(({ path }) => path),
      ["routes[0]"],
    );
  });
});
