import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import type { RawAnswer } from "../kit/raw-request.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import type { Sidecar } from "../kit/start-sidecar.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

const REST = `
realm: api
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /orders/**, allow: authenticated, scopes: [orders] }
  - { path: /**, allow: authenticated }
`;
const IDENTITY = ["subject", "issuer", "client", "scopes", "roles"].map((suffix) => `x-auth-${suffix}`);

const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const sidecar = await startSidecar({
  issuers,
  rest: REST,
  listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
});
const unreachable = {
  issuer: "https://down.test/",
  audiences: ["a"],
  keys: { jwksUri: "http://127.0.0.1:1/jwks", insecureLoopbackHttp: true },
};
after(() => sidecar.close());

function askNginx(uri: string, lines: readonly string[] = [], to: Sidecar = sidecar): Promise<RawAnswer> {
  const description = [
    "X-Original-Method: GET",
    `X-Original-URI: ${uri}`,
    "X-Original-Host: api.test",
    "X-Original-Proto: https",
  ];
  return sendRaw(to.decision, writeRequest("GET /authz/nginx", ["Host: sidecar", ...description, ...lines]));
}

function askGeneric(uri: string, lines: readonly string[] = []): Promise<RawAnswer> {
  const description = [
    "X-Forwarded-Method: GET",
    `X-Forwarded-Uri: ${uri}`,
    "X-Forwarded-Host: api.test",
    "X-Forwarded-Proto: https",
  ];
  return sendRaw(sidecar.decision, writeRequest("GET /authz", ["Host: sidecar", ...description, ...lines]));
}

for (const [name, ask] of [
  ["nginx", askNginx],
  ["generic", askGeneric],
] as const) {
  describe(`the ${name} endpoint`, () => {
    it("answers 200 with every identity header where a token is accepted", async () => {
      const answer = await ask("/x", [`Authorization: Bearer ${await issuer.sign()}`]);
      assert.equal(answer.status, 200);
      for (const header of IDENTITY) assert.equal(headerOf(answer, header).length, 1, header);
      assert.deepEqual(headerOf(answer, "x-auth-subject"), ["user-1"]);
      assert.deepEqual(headerOf(answer, "x-auth-roles"), [""]);
    });

    it("answers 200 with every identity header empty where the route is anonymous", async () => {
      const answer = await ask("/public/x", ["X-Auth-Subject: root"]);
      assert.equal(answer.status, 200);
      for (const header of IDENTITY) assert.deepEqual(headerOf(answer, header), [""], header);
    });

    it("answers 401 with one challenge where a token is missing or refused", async () => {
      const missing = await ask("/x");
      assert.equal(missing.status, 401);
      assert.deepEqual(headerOf(missing, "www-authenticate"), ['Bearer realm="api"']);
      const expired = await ask("/x", [`Authorization: Bearer ${await issuer.tokens.expired()}`]);
      assert.equal(expired.status, 401);
      assert.match(
        headerOf(expired, "www-authenticate").join("|"),
        /^Bearer realm="api", error="invalid_token"[^|]*$/,
      );
    });

    it("answers 403 with the scopes that the route asks for", async () => {
      const answer = await ask("/orders/1", [`Authorization: Bearer ${await issuer.sign()}`]);
      assert.equal(answer.status, 403);
      assert.match(
        headerOf(answer, "www-authenticate")[0] ?? "",
        /error="insufficient_scope".*scope="orders"/,
      );
    });

    it("sees a repeated Authorization header", async () => {
      const line = `Authorization: Bearer ${await issuer.sign()}`;
      const answer = await ask("/x", [line, line]);
      assert.equal(answer.status, name === "nginx" ? 401 : 400);
      assert.match(headerOf(answer, "www-authenticate")[0] ?? "", /error="invalid_request"/);
    });

    it("refuses a description of which a part is missing, empty or repeated", async () => {
      const token = `Authorization: Bearer ${await issuer.sign()}`;
      const prefix = name === "nginx" ? "X-Original" : "X-Forwarded";
      const parts = [
        `${prefix}-Method: GET`,
        `${prefix}-Uri: /public/x`,
        `${prefix}-Host: api.test`,
        `${prefix}-Proto: http`,
      ];
      const path = name === "nginx" ? "/authz/nginx" : "/authz";
      const send = (lines: readonly string[]): Promise<RawAnswer> =>
        sendRaw(sidecar.decision, writeRequest(`GET ${path}`, ["Host: sidecar", token, ...lines]));
      assert.equal((await send(parts)).status, 200);
      for (const [index, part] of parts.entries()) {
        const others = parts.filter((_, other) => other !== index);
        assert.equal((await send(others)).status, 403, `without ${part}`);
        assert.equal((await send([...others, part.replace(/: .*/, ": ")])).status, 403, `empty ${part}`);
        assert.equal((await send([...parts, part])).status, name === "nginx" ? 401 : 400, `twice ${part}`);
        assert.equal((await send([...others, part.replaceAll("-", "_")])).status, 403, `alias of ${part}`);
      }
      for (const proto of ["ftp", "HTTPS", "http, https"]) {
        const lines = [...parts.slice(0, 3), `${prefix}-Proto: ${proto}`];
        assert.equal((await send(lines)).status, name === "nginx" ? 401 : 400, proto);
      }
    });

    it("refuses ambiguous paths of the described request", async () => {
      for (const uri of [
        "/public/../x",
        "/public/%2e%2e/x",
        "//public/x",
        "/public/a;b",
        "/public/%2fx",
        "http://api.test/public/x",
      ]) {
        const answer = await ask(uri);
        assert.equal(answer.status, name === "nginx" ? 401 : 400, uri);
      }
    });

    it("decides about a WebSocket handshake whose headers the gateway hands on", async () => {
      const lines = ["Connection: Upgrade", "Upgrade: websocket"];
      assert.equal((await ask("/public/x", lines)).status, 200);
      assert.equal((await ask("/x", lines)).status, 401);
    });

    it("takes nothing from its own query", async () => {
      const path = name === "nginx" ? "/authz/nginx" : "/authz";
      const answer = await sendRaw(
        sidecar.decision,
        writeRequest(`GET ${path}?uri=/public/x&allow=anonymous`, ["Host: sidecar"]),
      );
      assert.equal(answer.status, 403);
    });

    it("never reflects a token or a claim in a refusal", async () => {
      const token = await issuer.sign({ sub: "canary-subject", exp: 1 });
      const answer = await ask("/x", [`Authorization: Bearer ${token}`]);
      assert.equal(answer.status, 401);
      assert.ok(!answer.text.includes("canary") && !answer.text.includes(token.slice(-12)));
    });
  });
}

describe("the nginx endpoint", () => {
  it("tells the true status and reason for auth_request_set", async () => {
    const accepted = await askNginx("/x", [`Authorization: Bearer ${await issuer.sign()}`]);
    assert.deepEqual(
      [headerOf(accepted, "x-auth-status"), headerOf(accepted, "x-auth-reason")],
      [["200"], ["ok"]],
    );
    const malformed = await askNginx("/public/../x");
    assert.deepEqual(
      [headerOf(malformed, "x-auth-status"), headerOf(malformed, "x-auth-reason")],
      [["400"], ["malformed_request"]],
    );
  });

  it("tells key_unknown as signature_invalid", async () => {
    const answer = await askNginx("/x", [`Authorization: Bearer ${await issuer.tokens.unknownKid()}`]);
    assert.deepEqual(headerOf(answer, "x-auth-reason"), ["signature_invalid"]);
  });

  it("refuses a second description by the client that differs, and ignores one that agrees or is blank", async () => {
    assert.equal((await askNginx("/public/x", ["X-Forwarded-Uri: /admin"])).status, 401);
    assert.equal((await askNginx("/public/x", ["X-Forwarded-Method: POST"])).status, 401);
    assert.equal(
      (await askNginx("/public/x", ["X-Forwarded-Uri: /public/x", "X-Forwarded-Method: "])).status,
      200,
    );
  });

  it("answers 503 where keys cannot be had, and 403 where that is asked for; never 200 or 401", async () => {
    for (const [rest, status] of [
      [REST, 503],
      [`${REST}nginx: { flattenUnavailable: true }`, 403],
    ] as const) {
      const down = await startSidecar({
        issuers: [unreachable],
        rest,
        listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
      });
      try {
        const other = await createTestIssuer({ issuer: unreachable.issuer, audience: "a" });
        const answer = await askNginx("/x", [`Authorization: Bearer ${await other.sign()}`], down);
        assert.equal(answer.status, status);
        assert.deepEqual(headerOf(answer, "x-auth-status"), ["503"]);
        assert.deepEqual(headerOf(answer, "x-auth-reason"), ["keys_unavailable"]);
        assert.match(headerOf(answer, "retry-after")[0] ?? "", /^\d+$/);
        assert.equal(headerOf(answer, "www-authenticate").length, 0);
        assert.equal((await askNginx("/x", [], down)).status, 401, "a client's fault stays what it is");
        assert.equal((await askNginx("/public/x", [], down)).status, 200, "no key is needed here");
        const failed = down.events.filter(({ outcome }) => outcome === "failed");
        assert.deepEqual(
          [failed.length, failed[0]?.reason, failed[0]?.status],
          [1, "keys_unavailable", status],
        );
      } finally {
        await down.close();
      }
    }
  });
});

describe("the decision listener", () => {
  it("answers 404 for other paths, also longer ones", async () => {
    for (const path of ["/", "/authz/", "/authz/nginx/x", "/AUTHZ", "/healthz/live", "/metrics"]) {
      assert.equal(
        (await sendRaw(sidecar.decision, writeRequest(`GET ${path}`, ["Host: s"]))).status,
        404,
        path,
      );
    }
  });

  it("believes descriptions of trusted peers only, and warns once", async () => {
    const strict = await startSidecar({
      issuers,
      rest: `${REST}trustedProxies: [192.0.2.1]`,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    try {
      assert.equal((await askNginx("/public/x", [], strict)).status, 403);
      assert.equal((await askNginx("/public/x", [], strict)).status, 403);
      assert.equal(strict.log.filter(({ level }) => level === "warn").length, 1);
    } finally {
      await strict.close();
    }
  });

  it("listens on a Unix socket, whose peers are trusted by default", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "countersign-")), "decision.sock");
    const local = await startSidecar({
      issuers,
      rest: REST,
      listeners: `decision: "unix:${path}", admin: "127.0.0.1:0"`,
    });
    try {
      assert.equal(local.decision, `unix:${path}`);
      assert.equal((await askNginx("/public/x", [], local)).status, 200);
    } finally {
      await local.close();
    }
  });

  it("refuses more header fields than it counts, instead of dropping some", async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `a${index}: b`);
    assert.equal((await askNginx("/public/x", lines)).status, 431);
  });

  it("tells each decision once, without query, token or unverified claim", async () => {
    const before = sidecar.events.length;
    await askGeneric("/x?secret=1", [`Authorization: Bearer ${await issuer.tokens.expired()}`]);
    const told = sidecar.events.slice(before);
    assert.equal(told.length, 1);
    const { time, durationMs, ...rest } = told[0] ?? { time: 0, durationMs: -1 };
    assert.ok(time > 0 && durationMs >= 0);
    assert.deepEqual(rest, {
      door: "generic",
      method: "GET",
      path: "/x",
      status: 401,
      outcome: "refused",
      reason: "token_expired",
      issuer: "issuer.test",
      subject: undefined,
    });
  });
});
