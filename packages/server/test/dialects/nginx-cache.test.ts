import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

const NOW = Date.now();
const issuer = await createTestIssuer();
const ROUTES = `routes:
  - { path: /public/**, allow: anonymous }
  - { path: /once/**, allow: authenticated, singleUse: true }
  - { path: /**, allow: authenticated }`;
const sidecar = await startSidecar(
  {
    issuers: [issuer.validatorOptions()],
    rest: `${ROUTES}\nnginx: { decisionMaxAgeSeconds: 3 }`,
    listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
  },
  { clock: () => NOW },
);
after(() => sidecar.close());

async function ask(
  uri: string,
  lines: readonly string[] = [],
  path = "/authz/nginx",
): Promise<string | undefined> {
  const prefix = path === "/authz/nginx" ? "X-Original" : "X-Forwarded";
  const description = [
    `${prefix}-Method: GET`,
    `${prefix}-URI: ${uri}`,
    `${prefix}-Host: a`,
    `${prefix}-Proto: https`,
  ];
  const answer = await sendRaw(
    sidecar.decision,
    writeRequest(`GET ${path}`, ["Host: s", ...description, ...lines]),
  );
  const [value] = headerOf(answer, "cache-control");
  return `${answer.status} ${value}`;
}

async function bearer(lifetimeSeconds: number, claims: object = {}): Promise<string> {
  const now = Math.floor(NOW / 1000);
  return `Authorization: Bearer ${await issuer.sign({ iat: now - 10, exp: now + lifetimeSeconds, ...claims })}`;
}

describe("a decision that nginx may keep", () => {
  it("is kept as long as is configured, and never past the end of its token", async () => {
    assert.equal(await ask("/x", [await bearer(600)]), "200 max-age=3");
    assert.equal(await ask("/public/x"), "200 max-age=3");
    assert.match((await ask("/x", [await bearer(2)])) ?? "", /^200 max-age=[12]$/);
    // Accepted within the clock's tolerance alone.
    assert.equal(await ask("/x", [await bearer(-5)]), "200 no-store");
  });

  it("is none that refuses, and none that the next request may not get", async () => {
    assert.equal(await ask("/x"), "401 no-store");
    assert.equal(await ask("/x", [await bearer(-600)]), "401 no-store");
    assert.equal(await ask("/x", [await bearer(600), "X-Auth-Subject: root"]), "200 no-store");
    assert.equal(await ask("/public/x", ["x_auth_subject: root"]), "401 no-store");
    assert.match((await ask("/once/x", [await bearer(600, { jti: "once" })])) ?? "", / no-store$/);
  });

  it("is nginx's alone: other gateways are told to keep none", async () => {
    assert.equal(await ask("/x", [await bearer(600)], "/authz"), "200 no-store");
    assert.equal(await ask("/x", [await bearer(600)], "/authz/traefik"), "200 no-store");
  });

  it("is kept for five seconds at most, and by default not at all", () => {
    const parse = (nginx: string): unknown => {
      const issuers = JSON.stringify([issuer.validatorOptions()]);
      return parseConfiguration(`issuers: ${issuers}\n${ROUTES}\nnginx: ${nginx}`, { env: {}, baseDir: "/" })
        .nginx;
    };
    assert.deepEqual(parse("{}"), { flattenUnavailable: false });
    assert.deepEqual(parse("{ decisionMaxAgeSeconds: 5 }"), {
      flattenUnavailable: false,
      decisionMaxAgeSeconds: 5,
    });
    for (const seconds of ["0", "6", "1.5", "-1", '"3"']) {
      assert.throws(() => parse(`{ decisionMaxAgeSeconds: ${seconds} }`), /decisionMaxAgeSeconds/);
    }
  });
});
