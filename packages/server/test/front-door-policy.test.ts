import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";

import type { RawAnswer } from "./kit/raw-request.ts";
import { headerOf, sendRaw, writeRequest } from "./kit/raw-request.ts";
import type { Sidecar } from "./kit/start-sidecar.ts";
import { startSidecar } from "./kit/start-sidecar.ts";
import { startUpstream } from "./kit/start-upstream.ts";

const METADATA = "/.well-known/oauth-protected-resource/orders";
const REST = `
resource: { identifier: "https://api.example.com/orders", name: Orders, scopesSupported: [read] }
exceptions: [{ path: "routes[1]", reason: "The roles are rolled out until spring" }]
identityHeaders:
  claims: { realm_access.roles: { header: realm-roles, encoding: csv }, address: { header: address, encoding: text } }
routes:
  - { path: /api/**, allow: authenticated, require: { acr: [gold] }, preflight: allow }
  - { path: /soon/**, allow: authenticated, require: { roles: { any: [staff] } }, shadow: true }
`;

const issuer = await createTestIssuer();

describe("policy at the front doors", () => {
  let sidecar: Sidecar;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;

  before(async () => {
    upstream = await startUpstream();
    sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `${REST}upstream: ${upstream.url}\n`,
    });
  });
  after(async () => {
    await sidecar.close();
    await upstream.close();
  });

  function send(address: string, start: string, lines: readonly string[] = []): Promise<RawAnswer> {
    return sendRaw(address, writeRequest(start, ["Host: api.example.com", ...lines]));
  }

  it("serves the resource's metadata to everyone, on the proxy and beside the decision endpoints", async () => {
    for (const address of [sidecar.proxy, sidecar.decision]) {
      const answer = await send(address, `GET ${METADATA}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(headerOf(answer, "content-type"), ["application/json"]);
      assert.deepEqual(JSON.parse(answer.body), {
        resource: "https://api.example.com/orders",
        authorization_servers: [issuer.issuer],
        scopes_supported: ["read"],
        bearer_methods_supported: ["header"],
        resource_name: "Orders",
      });
      const head = await send(address, `HEAD ${METADATA}`);
      assert.equal(head.status, 200);
      assert.equal(head.body, "");
      for (const start of [
        `POST ${METADATA}`,
        `GET ${METADATA}/`,
        `GET ${METADATA}?x`,
        `GET ${METADATA}%2F`,
      ]) {
        assert.ok((await send(address, start)).status >= 400, start);
      }
    }
    assert.equal(upstream.seen.length, 0);
  });

  it("leads every 401 there, with the step-up that is asked for", async () => {
    const url = `resource_metadata="https://api.example.com${METADATA}"`;
    const [missing] = headerOf(await send(sidecar.proxy, "GET /api/x"), "www-authenticate");
    assert.equal(missing, `Bearer ${url}`);
    const answer = await send(sidecar.proxy, "GET /api/x", [`Authorization: Bearer ${await issuer.sign()}`]);
    assert.equal(answer.status, 401);
    const [weak = ""] = headerOf(answer, "www-authenticate");
    assert.match(weak, /error="insufficient_user_authentication".*acr_values="gold"/);
    assert.ok(weak.includes(url));
    const asked = await send(sidecar.decision, "GET /authz", [
      "X-Forwarded-Method: GET",
      "X-Forwarded-Uri: /api/x",
      "X-Forwarded-Host: api.example.com",
      "X-Forwarded-Proto: https",
    ]);
    assert.deepEqual(headerOf(asked, "www-authenticate"), [`Bearer ${url}`]);
    // What is malformed is 401 behind nginx, which carries no 400.
    const contradicted = await send(sidecar.decision, "GET /authz/nginx", [
      "X-Original-Method: GET",
      "X-Original-Uri: /api/x",
      "X-Original-Host: api.example.com",
      "X-Original-Proto: https",
      "X-Forwarded-Uri: /soon/x",
    ]);
    assert.equal(contradicted.status, 401);
    assert.ok(headerOf(contradicted, "www-authenticate")[0]?.includes(url));
  });

  it("forwards a preflight without a token and without the client's identity headers", async () => {
    const before = upstream.seen.length;
    const answer = await send(sidecar.proxy, "OPTIONS /api/x", [
      "Origin: https://app.example",
      "Access-Control-Request-Method: GET",
      "X_Auth_Subject: root",
    ]);
    assert.equal(answer.status, 200);
    const [forwarded] = upstream.seen.slice(before);
    assert.equal(forwarded?.method, "OPTIONS");
    assert.ok(!JSON.stringify(forwarded).includes("root"));
    assert.equal((await send(sidecar.proxy, "OPTIONS /api/x")).status, 401);
  });

  it("lets in, meters and tells what a route in shadow would refuse", async () => {
    const token = await issuer.sign({ roles: ["guest"], realm_access: { roles: ["a,b", "c"] } });
    const answer = await send(sidecar.proxy, "GET /soon/x", [`Authorization: Bearer ${token}`]);
    assert.equal(answer.status, 200);
    const event = sidecar.events.findLast(({ path }) => path === "/soon/x");
    assert.deepEqual(event?.shadow, [{ policy: "routes[1]", would: "refused", reason: "policy_denied" }]);
    const { body } = await send(sidecar.addresses.admin, "GET /metrics");
    const series =
      'countersign_shadow_decisions_total{policy="routes[1]",would="refused",reason="policy_denied"} 1';
    assert.ok(body.includes(series));
    const forwarded = upstream.seen.at(-1);
    assert.ok(JSON.stringify(forwarded).includes("a%2Cb,c"));
  });

  it("refuses a claim that its encoding cannot carry, instead of leaving it out", async () => {
    const token = await issuer.sign({ address: { street: "x" } });
    const answer = await send(sidecar.proxy, "GET /soon/x", [`Authorization: Bearer ${token}`]);
    assert.equal(answer.status, 403);
  });

  it("tells at the start what weakness is accepted, and why", () => {
    assert.deepEqual(
      sidecar.log.filter(({ message }) => message.includes("accepted")).map(({ fields }) => fields),
      [{ path: "routes[1]", reason: "The roles are rolled out until spring" }],
    );
  });
});
