/** What Traefik's, Caddy's and Envoy's endpoints read, and from whom. */

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { RUNS_ON_BUN } from "../../src/config/runtime.ts";
import { type RawAnswer, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";

const REST = `
routes:
  - { path: /**, hosts: [open.test], methods: [GET], allow: anonymous }
  - { path: /**, hosts: [api.test], allow: authenticated }
`;
const LISTENERS = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';

const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const sidecar = await startSidecar({ issuers, rest: REST, listeners: LISTENERS });
after(() => sidecar.close());

const DESCRIPTION = [
  "X-Forwarded-Method: GET",
  "X-Forwarded-Uri: /x",
  "X-Forwarded-Host: open.test",
  "X-Forwarded-Proto: https",
];

function ask(line: string, lines: readonly string[], to: Sidecar = sidecar): Promise<RawAnswer> {
  return sendRaw(to.decision, writeRequest(line, lines));
}

for (const name of ["traefik", "caddy"] as const) {
  describe(`the ${name} endpoint`, () => {
    const path = `/authz/${name}`;

    it("decides about the request that is described, and not about its own", async () => {
      assert.equal((await ask(`GET ${path}`, ["Host: api.test", ...DESCRIPTION])).status, 200);
      const guarded = [...DESCRIPTION.slice(0, 2), "X-Forwarded-Host: api.test", "X-Forwarded-Proto: https"];
      assert.equal((await ask(`GET ${path}`, ["Host: open.test", ...guarded])).status, 401);
    });

    it("needs each part of the description exactly once", async () => {
      for (const [index, part] of DESCRIPTION.entries()) {
        const others = DESCRIPTION.filter((_, other) => other !== index);
        assert.equal((await ask(`GET ${path}`, ["Host: s", ...others])).status, 403, `without ${part}`);
        assert.equal(
          (await ask(`GET ${path}`, ["Host: s", ...DESCRIPTION, part])).status,
          400,
          `twice ${part}`,
        );
      }
    });

    it("reads no other gateway's headers, and nothing of its query", async () => {
      const original = DESCRIPTION.map((line) => line.replace("X-Forwarded", "X-Original"));
      assert.equal((await ask(`GET ${path}`, ["Host: open.test", ...original])).status, 403);
      const query = "?X-Forwarded-Host=open.test&uri=/x&access_token=t";
      assert.equal((await ask(`GET ${path}${query}`, ["Host: open.test"])).status, 403);
      assert.equal((await ask(`GET ${path}${query}`, ["Host: s", ...DESCRIPTION])).status, 200);
    });
  });
}

describe("the Envoy endpoint on Bun", { skip: !RUNS_ON_BUN && "this is not Bun" }, () => {
  it("is refused, since the client's target is not what came any more", async () => {
    const before = sidecar.events.length;
    for (const target of ["/x", "/", "/a/../x", "/authz/nginx"]) {
      const answer = await ask(`GET /authz/envoy${target}`, ["host: open.test", "x-forwarded-proto: https"]);
      assert.equal(answer.status, 501, target);
      assert.equal(sidecar.events.length, before);
    }
  });
});

describe("the Envoy endpoint", { skip: RUNS_ON_BUN && "its targets are resolved by Bun" }, () => {
  const PROTO = "x-forwarded-proto: https";

  it("decides about its own method, host and the target after its prefix", async () => {
    assert.equal((await ask("GET /authz/envoy/x", ["host: open.test", PROTO])).status, 200);
    assert.equal((await ask("GET /authz/envoy/x", ["host: api.test", PROTO])).status, 401);
    assert.equal(
      (await ask("POST /authz/envoy/x", ["host: open.test", PROTO, "content-length: 0"])).status,
      403,
    );
    assert.equal((await ask("GET /authz/envoy/a/../x", ["host: open.test", PROTO])).status, 400);
    assert.equal((await ask("GET /authz/envoy//x", ["host: open.test", PROTO])).status, 400);
    const told = sidecar.events.at(-1);
    assert.deepEqual([told?.door, told?.path], ["envoy-http", "//x"]);
  });

  it("is nobody's without a slash after its prefix", async () => {
    for (const target of ["/authz/envoy", "/authz/envoyx", "/authz/envoy?x=/y", "/authz/envoy*"]) {
      assert.equal((await ask(`GET ${target}`, ["host: open.test", PROTO])).status, 404, target);
    }
  });

  it("needs the scheme exactly once, and no forwarded host or target", async () => {
    assert.equal((await ask("GET /authz/envoy/x", ["host: open.test"])).status, 403);
    assert.equal((await ask("GET /authz/envoy/x", ["host: open.test", PROTO, PROTO])).status, 400);
    assert.equal((await ask("GET /authz/envoy/x", ["host: open.test", "x-forwarded-proto: ws"])).status, 400);
    assert.equal((await ask("GET /authz/envoy/x", ["host: api.test", ...DESCRIPTION])).status, 401);
  });

  it("lets in with 200 and nothing else", async () => {
    const answer = await ask("GET /authz/envoy/x", ["host: open.test", PROTO]);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, "");
  });
});

describe("every gateway's endpoint", () => {
  it("believes trusted peers only", async () => {
    const rest = `${REST}trustedProxies: [192.0.2.1]`;
    const strict = await startSidecar({ issuers, rest, listeners: LISTENERS });
    try {
      const untouched = RUNS_ON_BUN ? [] : ["/authz/envoy/x"];
      for (const path of ["/authz/traefik", "/authz/caddy", ...untouched, "/authz/nginx", "/authz"]) {
        const lines = ["Host: open.test", ...DESCRIPTION];
        assert.equal((await ask(`GET ${path}`, lines, strict)).status, 403, path);
      }
    } finally {
      await strict.close();
    }
  });
});
