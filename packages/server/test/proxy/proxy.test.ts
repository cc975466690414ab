import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer as createTcpServer } from "node:net";
import { after, beforeEach, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import type { RawAnswer } from "../kit/raw-request.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";

const ROUTES = `
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /**, allow: authenticated }
`;
const LIMITS =
  "proxy: { maxBodyBytes: 1000, connectTimeoutMs: 500, headersTimeoutMs: 300, bodyTimeoutMs: 300 }";

const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const upstream = await startUpstream((request, response, seen) => {
  if (seen.url === "/public/hang") return;
  if (seen.url === "/public/cookies") response.setHeader("Set-Cookie", ["a=1", "b=2"]);
  if (seen.url === "/public/hop") response.setHeader("Connection", "X-Private").setHeader("X-Private", "1");
  response.statusCode = seen.url === "/public/teapot" ? 418 : 200;
  response.end(request.method === "HEAD" ? undefined : `upstream:${seen.body}`);
});
const sidecar = await startSidecar({ issuers, rest: `${ROUTES}upstream: ${upstream.url}\n${LIMITS}` });
after(async () => {
  await sidecar.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.seen.length = 0;
});

function send(start: string, lines: readonly string[] = [], body = ""): Promise<RawAnswer> {
  return sendRaw(sidecar.proxy, writeRequest(start, ["Host: api.test", ...lines], body));
}

describe("the proxy", () => {
  it("forwards an accepted request with the identity headers and without the token", async () => {
    const token = await issuer.sign({ sub: "zoë" });
    const answer = await send("GET /x?b=2", [
      `Authorization: Bearer ${token}`,
      "DPoP: proof",
      "X-Request-Id: 7",
    ]);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.includes("upstream:"), true);
    assert.equal(upstream.seen[0]?.url, "/x?b=2");
    assert.deepEqual(upstream.valuesOf("x-auth-subject"), ["zo%C3%AB"]);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
    assert.deepEqual(upstream.valuesOf("dpop"), []);
    assert.deepEqual(upstream.valuesOf("x-request-id"), ["7"]);
    assert.deepEqual(upstream.valuesOf("host"), ["api.test"]);
    const event = sidecar.events.at(-1);
    assert.deepEqual(
      [event?.door, event?.status, event?.outcome, event?.subject],
      ["proxy", 200, "allowed", "zoë"],
    );
  });

  it("refuses without asking the upstream", async () => {
    for (const [lines, status] of [
      [[], 401],
      [[`Authorization: Bearer ${await issuer.tokens.expired()}`], 401],
      [[`Authorization: Bearer ${await issuer.tokens.wrongAudience()}`], 401],
      [["Authorization: Bearer a", "Authorization: Bearer b"], 400],
      [["Connection: X-Auth-Subject", `Authorization: Bearer ${await issuer.sign()}`], 400],
    ] as const) {
      const answer = await send("GET /x", lines);
      assert.equal(answer.status, status, lines.join());
      assert.match(headerOf(answer, "content-type")[0] ?? "", /problem\+json/);
    }
    assert.equal(upstream.seen.length, 0);
  });

  it("removes every spelling of the identity headers, also on anonymous routes", async () => {
    const lines = [
      "X-Auth-Subject: root",
      "X_AUTH_SUBJECT: root",
      "x.auth.subject: root",
      "X.Auth.Roles: admin",
      "X-Auth-Whatever: y",
    ];
    await send("GET /public/x", lines);
    await send("GET /x", [...lines, `Authorization: Bearer ${await issuer.sign()}`]);
    assert.equal(upstream.seen.length, 2);
    for (const { rawHeaders } of upstream.seen) {
      assert.ok(!rawHeaders.includes("root") && !rawHeaders.includes("admin") && !rawHeaders.includes("y"));
    }
    assert.deepEqual(upstream.valuesOf("x-auth-subject"), ["user-1"]);
    const twice = await send("GET /public/x", ["X-Auth-Subject: root", "x-auth-subject: root"]);
    assert.equal(twice.status, 400);
    assert.equal(upstream.seen.length, 2);
  });

  it("describes the request itself and takes no description from an untrusted client", async () => {
    const strict = await startSidecar({
      issuers,
      rest: `${ROUTES}upstream: ${upstream.url}\ntrustedProxies: []`,
    });
    try {
      const lines = [
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
        "X_Forwarded_Uri: /admin",
        "Forwarded: for=1.2.3.4",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "Client-Cert: :AA==:",
      ];
      await sendRaw(strict.proxy, writeRequest("GET /public/x", ["Host: api.test", ...lines]));
      assert.deepEqual(upstream.valuesOf("x-forwarded-for"), ["127.0.0.1"]);
      assert.deepEqual(upstream.valuesOf("x-forwarded-proto"), ["http"]);
      assert.deepEqual(upstream.valuesOf("x-forwarded-host"), ["api.test"]);
      assert.deepEqual(upstream.valuesOf("forwarded"), ['for=127.0.0.1;host="api.test";proto=http']);
      for (const name of ["x_forwarded_uri", "x-original-url", "x-rewrite-url", "client-cert"]) {
        assert.deepEqual(upstream.valuesOf(name), [], name);
      }
    } finally {
      await strict.close();
    }
  });

  it("appends to what a trusted proxy says of its client", async () => {
    await send("GET /public/x", [
      "Forwarded: for=1.2.3.4;proto=https",
      "X-Forwarded-For: 1.2.3.4",
      "X-Forwarded-Proto: https",
    ]);
    assert.deepEqual(upstream.valuesOf("forwarded"), [
      'for=1.2.3.4;proto=https, for=127.0.0.1;host="api.test";proto=https',
    ]);
    assert.deepEqual(upstream.valuesOf("x-forwarded-for"), ["1.2.3.4, 127.0.0.1"]);
    assert.deepEqual(upstream.valuesOf("x-forwarded-proto"), ["https"]);
  });

  it("keeps headers of one connection to itself, both ways", async () => {
    const lines = [
      "Connection: X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "TE: trailers",
      "Proxy-Authorization: Basic eA==",
    ];
    const answer = await send("GET /public/hop", lines);
    assert.equal(answer.status, 200);
    for (const name of ["x-hop", "te", "proxy-authorization", "keep-alive"])
      assert.deepEqual(upstream.valuesOf(name), [], name);
    assert.deepEqual(headerOf(answer, "x-private"), []);
  });

  it("drops headers that a CGI upstream would take for others", async () => {
    await send("GET /public/x", [
      "Content_Length: 5",
      "Transfer_Encoding: chunked",
      "content.type: a",
      "X_Custom: 1",
    ]);
    for (const name of ["content_length", "transfer_encoding", "content.type"]) {
      assert.deepEqual(upstream.valuesOf(name), [], name);
    }
    assert.deepEqual(upstream.valuesOf("x_custom"), ["1"]);
  });

  it("forwards path and query byte for byte, but for an access_token parameter", async () => {
    for (const [sent, forwarded] of [
      ["/public/%61%20b/~c?x=%2F..%2f&y=//", "/public/%61%20b/~c?x=%2F..%2f&y=//"],
      ["/public/x?access_token=abc", "/public/x"],
      ["/public/x?a=1&access%5Ftoken=abc&b=2", "/public/x?a=1&b=2"],
      ["/public/x?access_tokens=1", "/public/x?access_tokens=1"],
    ] as const) {
      await send(`GET ${sent}`);
      assert.equal(upstream.seen.at(-1)?.url, forwarded);
    }
  });

  it("refuses ambiguous paths and hosts with 400", async () => {
    for (const path of [
      "/public/../x",
      "/public/%2e%2e/x",
      "//x",
      "/public/a%2fb",
      "/public/a\\b",
      "/public/a;b",
      "/public/x#y",
      "http://api.test/public/x",
    ]) {
      assert.equal((await send(`GET ${path}`)).status, 400, path);
    }
    for (const hosts of [[], ["Host: a", "Host: b"], ["Host: a b"], ["Host: "]]) {
      assert.equal(
        (await sendRaw(sidecar.proxy, writeRequest("GET /public/x", hosts))).status,
        400,
        hosts.join(),
      );
    }
    assert.equal(upstream.seen.length, 0);
  });

  it("refuses framing that two parsers could read in two ways", async () => {
    for (const lines of [
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      ["Content-Length: 5", "Content-Length: 6"],
      ["Transfer-Encoding: chunked, identity"],
      ["Transfer-Encoding : chunked"],
      ["X-Folded: a\r\n b"],
      ["X-Bare: a\nX-Other: b"],
    ]) {
      const answer = await send("POST /public/x", lines, "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.equal(answer.status, 400, lines.join());
    }
    assert.equal(upstream.seen.length, 0);
  });

  it("streams bodies with a declared length and chunked", async () => {
    const declared = await send("POST /public/x", ["Content-Length: 5"], "hello");
    assert.match(declared.body, /upstream:hello/);
    const chunked = await send("POST /public/x", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n");
    assert.match(chunked.body, /upstream:hello/);
    assert.deepEqual(
      upstream.seen.map(({ body }) => body),
      ["hello", "hello"],
    );
  });

  it("answers 413 for a body over the bound, declared or not, and takes one of exactly the bound", async () => {
    const fits = "x".repeat(1000);
    assert.equal((await send("POST /public/x", ["Content-Length: 1000"], fits)).status, 200);
    assert.equal((await send("POST /public/x", ["Content-Length: 1001"], `${fits}x`)).status, 413);
    const chunks = `3e8\r\n${fits}\r\n1\r\nx\r\n0\r\n\r\n`;
    assert.equal((await send("POST /public/x", ["Transfer-Encoding: chunked"], chunks)).status, 413);
    assert.equal(upstream.seen.length, 1);
    assert.equal(sidecar.events.at(-1)?.reason, "body_too_large");
  });

  it("hands on status, repeated headers and HEAD", async () => {
    assert.equal((await send("GET /public/teapot")).status, 418);
    assert.deepEqual(headerOf(await send("GET /public/cookies"), "set-cookie"), ["a=1", "b=2"]);
    const head = await send("HEAD /public/x");
    assert.deepEqual([head.status, head.body], [200, ""]);
  });

  it("answers 504 where the upstream is too slow", async () => {
    assert.equal((await send("GET /public/hang")).status, 504);
    assert.equal(sidecar.events.at(-1)?.reason, "upstream_timeout");
  });

  it("asks for an expected body only after the decision", async () => {
    const refused = await send("POST /x", ["Expect: 100-continue", "Content-Length: 5"]);
    assert.ok(refused.text.startsWith("HTTP/1.1 401"), refused.text.slice(0, 20));
    const allowed = await send("POST /public/x", ["Expect: 100-continue", "Content-Length: 5"], "hello");
    assert.ok(allowed.text.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
    assert.deepEqual(upstream.valuesOf("expect"), []);
  });

  it("sends the token on, and names the upstream as host, only where that is configured", async () => {
    const open = await startSidecar({
      issuers,
      rest: `${ROUTES}upstream: ${upstream.url}\nproxy: { forwardToken: true, host: upstream }`,
    });
    try {
      const token = await issuer.sign();
      await sendRaw(open.proxy, writeRequest("GET /x", ["Host: api.test", `Authorization: Bearer ${token}`]));
      assert.deepEqual(upstream.valuesOf("authorization"), [`Bearer ${token}`]);
      assert.deepEqual(upstream.valuesOf("host"), [upstream.url.slice("http://".length)]);
      assert.deepEqual(upstream.valuesOf("x-forwarded-host"), ["api.test"]);
    } finally {
      await open.close();
    }
  });
});

describe("clients that are a burden", () => {
  it("get 431 for a header section that is too long", async () => {
    const answer = await send("GET /public/x", [`X-Long: ${"x".repeat(17_000)}`]);
    assert.equal(answer.status, 431);
    const many = Array.from({ length: 300 }, (_, index) => `a${index}: b`);
    assert.equal((await send("GET /public/x", many)).status, 431);
  });

  it("get the validator's reason for a token that is too long, up to the configured length", async () => {
    const rest = `${ROUTES}upstream: ${upstream.url}\nlimits: { tokenBytes: 40000 }`;
    const wide = await startSidecar({ issuers, rest });
    try {
      const token = `Authorization: Bearer ${"a".repeat(40_001)}`;
      const answer = await sendRaw(wide.proxy, writeRequest("GET /x", ["Host: a", token]));
      assert.equal(answer.status, 401);
      assert.equal(wide.events.at(-1)?.reason, "token_too_large");
    } finally {
      await wide.close();
    }
  });

  it("are cut off where they stop reading the answer", async () => {
    let cut = false;
    const flood = await startUpstream((_request, response) => {
      response.on("close", () => {
        cut = true;
      });
      response.end(Buffer.alloc(64 * 1024 * 1024));
    });
    const front = await startSidecar({ issuers, rest: `${ROUTES}upstream: ${flood.url}\n${LIMITS}` });
    const colon = front.proxy.lastIndexOf(":");
    const client = connect({ host: front.proxy.slice(0, colon), port: Number(front.proxy.slice(colon + 1)) });
    try {
      client.on("error", () => undefined);
      client.write("GET /public/x HTTP/1.1\r\nHost: a\r\n\r\n");
      client.pause();
      for (let tries = 0; tries < 1000 && !cut; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(cut, true);
    } finally {
      client.destroy();
      await front.close();
      await flood.close();
    }
  });
});

describe("an upstream that fails", () => {
  /** A TCP server that answers each connection with these octets, or cuts it. */
  async function startBroken(
    reply: (connection: number) => string | undefined,
  ): Promise<{ url: string; connections(): number; close(): void }> {
    let count = 0;
    const server = createTcpServer((socket) => {
      count += 1;
      const text = reply(count);
      socket.on("error", () => undefined);
      socket.once("data", () => (text === undefined ? socket.destroy() : socket.end(text)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, connections: () => count, close: () => server.close() };
  }

  async function ask(
    url: string,
    start: string,
    lines: readonly string[] = [],
    body = "",
  ): Promise<RawAnswer> {
    const front = await startSidecar({ issuers, rest: `${ROUTES}upstream: ${url}\n${LIMITS}` });
    try {
      return await sendRaw(front.proxy, writeRequest(start, ["Host: a", ...lines], body));
    } finally {
      await front.close();
    }
  }

  it("is answered 502 where nobody listens or the answer is no HTTP", async () => {
    assert.equal((await ask("http://127.0.0.1:1", "GET /public/x")).status, 502);
    const broken = await startBroken(() => "no http\r\n\r\n");
    assert.equal((await ask(broken.url, "GET /public/x")).status, 502);
    broken.close();
  });

  it("is answered 502 where its header section is too long", async () => {
    const broken = await startBroken(
      () => `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal((await ask(broken.url, "GET /public/x")).status, 502);
    broken.close();
  });

  it("is asked again once for a GET whose connection broke, never for a POST", async () => {
    const healed = await startBroken((count) =>
      count === 1 ? undefined : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    assert.equal((await ask(healed.url, "GET /public/x")).status, 200);
    assert.equal(healed.connections(), 2);
    healed.close();
    const broken = await startBroken(() => undefined);
    assert.equal((await ask(broken.url, "GET /public/x")).status, 502);
    assert.equal(broken.connections(), 2);
    assert.equal((await ask(broken.url, "POST /public/x", ["Content-Length: 1"], "x")).status, 502);
    assert.equal((await ask(broken.url, "POST /public/x", ["Content-Length: 0"])).status, 502);
    assert.equal(broken.connections(), 4);
    broken.close();
  });

  it("cuts the client off where an answer breaks in its middle", async () => {
    const broken = await startBroken(() => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    const answer = await ask(broken.url, "GET /public/x");
    assert.ok(answer.body.length < 100);
    broken.close();
  });
});

describe("the proxy under load", () => {
  it("answers 503 overloaded over its bound and goes on serving", async () => {
    const waiting: (() => void)[] = [];
    const slow = await startUpstream((_request, response) => waiting.push(() => response.end()));
    const front = await startSidecar({
      issuers,
      rest: `${ROUTES}upstream: ${slow.url}\nproxy: { maxConcurrentRequests: 2 }`,
    });
    try {
      const get = (): Promise<RawAnswer> => sendRaw(front.proxy, writeRequest("GET /public/x", ["Host: a"]));
      const first = [get(), get()];
      while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
      const third = await get();
      assert.equal(third.status, 503);
      assert.deepEqual(headerOf(third, "retry-after"), ["1"]);
      for (const finish of waiting) finish();
      assert.deepEqual(
        (await Promise.all(first)).map(({ status }) => status),
        [200, 200],
      );
    } finally {
      await front.close();
      await slow.close();
    }
  });
});
