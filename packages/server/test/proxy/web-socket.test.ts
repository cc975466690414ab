import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import type { OpenSocket } from "../kit/open-socket.ts";
import { openSocket } from "../kit/open-socket.ts";
import type { Sidecar } from "../kit/start-sidecar.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startWebSocketUpstream } from "../kit/start-web-socket-upstream.ts";
import { waitFor } from "../kit/wait-for.ts";

const ROUTES = "routes: [{ path: /public/**, allow: anonymous }, { path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const issuers = [{ ...issuer.validatorOptions(), clockToleranceSeconds: 0 }];
const upstream = await startWebSocketUpstream();
const sidecar = await startSidecar({ issuers, rest: `${ROUTES}\nupstream: ${upstream.url}` });
after(async () => {
  await sidecar.close();
  await upstream.close();
});

function writeHandshake(path: string, lines: readonly string[] = [], method = "GET"): string {
  return [
    `${method} ${path} HTTP/1.1`,
    "Host: api.test",
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...lines,
    "",
    "",
  ].join("\r\n");
}

async function connect(to: Sidecar, path: string, lines: readonly string[] = []): Promise<OpenSocket> {
  const client = openSocket(to.proxy, writeHandshake(path, lines));
  await waitFor(() => client.text().includes("\r\n\r\n") || client.isClosed());
  return client;
}

/** What came after the handshake's answer. */
function framesOf(client: OpenSocket): Buffer {
  const bytes = client.bytes();
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
}

function unmaskClose(octets: Buffer): number {
  assert.deepEqual([octets[0], octets[1]], [0x88, 0x82]);
  return (((octets[6] ?? 0) ^ (octets[2] ?? 0)) << 8) | ((octets[7] ?? 0) ^ (octets[3] ?? 0));
}

describe("a WebSocket through the proxy", () => {
  it("is joined after judging, with the identity and without the token", async () => {
    const token = await issuer.sign({ sub: "zoe" });
    const client = await connect(sidecar, "/chat?room=1", [
      `Authorization: Bearer ${token}`,
      "X-Auth-Roles: root",
    ]);
    assert.match(client.text(), /^HTTP\/1\.1 101 /);
    assert.match(client.text(), /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    const { headers, url } = upstream.handshakes.at(-1) ?? assert.fail();
    assert.equal(url, "/chat?room=1");
    assert.equal(headers["x-auth-subject"], "zoe");
    assert.equal(headers["x-auth-roles"], undefined);
    assert.equal(headers.authorization, undefined);
    assert.equal(headers["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
    upstream.sockets.at(-1)?.write(Buffer.from([0x81, 2, 0x68, 0x69]));
    client.socket.write(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]));
    await waitFor(() => framesOf(client).length === 4 && upstream.received().length === 7);
    assert.deepEqual([...framesOf(client)], [0x81, 2, 0x68, 0x69]);
    assert.deepEqual([sidecar.events.at(-1)?.status, sidecar.events.at(-1)?.outcome], [101, "allowed"]);
    client.socket.destroy();
    await waitFor(() => upstream.sockets.at(-1)?.destroyed === true);
  });

  it("gets what was sent together with the handshake", async () => {
    const before = upstream.received().length;
    const client = openSocket(
      sidecar.proxy,
      `${writeHandshake("/public/x")}${Buffer.from([0x81, 0x80, 0, 0, 0, 0]).toString("latin1")}`,
    );
    await waitFor(() => upstream.received().length === before + 6);
    client.socket.destroy();
  });

  it("is refused like any other request, without asking the upstream", async () => {
    const asked = upstream.handshakes.length;
    for (const [lines, status] of [
      [[], 401],
      [[`Authorization: Bearer ${await issuer.tokens.expired()}`], 401],
      [["Authorization: Bearer a", "Authorization: Bearer b"], 400],
    ] as const) {
      const client = await connect(sidecar, "/chat", lines);
      await waitFor(() => client.isClosed());
      assert.match(client.text(), new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(client.text(), /problem\+json/);
    }
    assert.equal(upstream.handshakes.length, asked);
  });

  it("is refused with 400 where the handshake is none", async () => {
    const asked = upstream.handshakes.length;
    const plain = writeHandshake("/public/x");
    for (const text of [
      writeHandshake("/public/x", ["Content-Length: 5"]),
      writeHandshake("/public/x", ["Transfer-Encoding: chunked"]),
      writeHandshake("/public/x", [], "POST"),
      plain.replace(/Sec-WebSocket-Key.*\r\n/, ""),
      plain.replace("HTTP/1.1", "HTTP/1.0"),
    ]) {
      const client = openSocket(sidecar.proxy, text);
      await waitFor(() => client.text().includes("\r\n\r\n"));
      assert.match(client.text(), /^HTTP\/1\.1 400 /, text);
      client.socket.destroy();
    }
    assert.equal(upstream.handshakes.length, asked);
  });

  it("hands on what the upstream answers instead", async () => {
    const refusing = await startWebSocketUpstream((_request, socket) =>
      socket.end("HTTP/1.1 418 No\r\nX-Why: tea\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntea"),
    );
    const front = await startSidecar({ issuers, rest: `${ROUTES}\nupstream: ${refusing.url}` });
    const client = await connect(front, "/public/x");
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 418 [\s\S]*x-why: tea[\s\S]*\r\n\r\n.*tea/i);
    await front.close();
    await refusing.close();
  });

  it("is 502 where the upstream switches to something else, or is not there", async () => {
    const odd = await startWebSocketUpstream((_request, socket) =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    );
    for (const url of [odd.url, "http://127.0.0.1:1"]) {
      const front = await startSidecar({ issuers, rest: `${ROUTES}\nupstream: ${url}` });
      const client = await connect(front, "/public/x");
      await waitFor(() => client.isClosed());
      assert.match(client.text(), /^HTTP\/1\.1 502 /);
      await front.close();
    }
    await odd.close();
  });

  it("is closed with 1008 on both sides when its token has expired, between two frames", async () => {
    let skewMs = 0;
    const front = await startSidecar(
      { issuers, rest: `${ROUTES}\nupstream: ${upstream.url}` },
      { clock: () => Date.now() + skewMs },
    );
    const before = upstream.received().length;
    const now = Math.floor(Date.now() / 1000);
    const token = await issuer.sign({ iat: now, exp: now + 600 });
    const client = await connect(front, "/chat", [`Authorization: Bearer ${token}`]);
    const other = upstream.sockets.at(-1) ?? assert.fail();
    // It stays open a little longer than it is asked to, and half a frame is under way.
    other.removeAllListeners("end");
    other.write(Buffer.from([0x82, 4, 1, 2]));
    await waitFor(() => framesOf(client).length === 4);
    skewMs = 590_000;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal(client.isClosed(), false);
    skewMs = 700_000;
    await waitFor(() => upstream.received().length > before);
    assert.equal(unmaskClose(upstream.received().subarray(before)), 1008);
    other.write(Buffer.from([3, 4, 0x82, 1, 9]));
    await waitFor(() => client.isClosed());
    assert.deepEqual([...framesOf(client)], [0x82, 4, 1, 2, 3, 4, 0x88, 2, 0x03, 0xf0]);
    await front.close();
  });

  it("is closed with 1001 when the sidecar stops, long before the drain's end", async () => {
    const front = await startSidecar({
      issuers,
      rest: `${ROUTES}\nupstream: ${upstream.url}\nshutdown: { drainTimeoutMs: 60000 }`,
    });
    const client = await connect(front, "/public/x");
    await front.close();
    assert.deepEqual([...framesOf(client)], [0x88, 2, 0x03, 0xe9]);
  });

  it("is cut when neither side sends for too long", async () => {
    const front = await startSidecar({
      issuers,
      rest: `${ROUTES}\nupstream: ${upstream.url}\nproxy: { tunnelIdleTimeoutMs: 1000 }`,
    });
    const client = await connect(front, "/public/x");
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 101 /);
    await front.close();
  });

  it("counts as a request in flight", async () => {
    const front = await startSidecar({
      issuers,
      rest: `${ROUTES}\nupstream: ${upstream.url}\nproxy: { maxConcurrentRequests: 1 }`,
    });
    const first = await connect(front, "/public/x");
    const second = await connect(front, "/public/x");
    assert.match(second.text(), /^HTTP\/1\.1 503 /);
    first.socket.destroy();
    await waitFor(async () => (await connect(front, "/public/x")).text().startsWith("HTTP/1.1 101 "));
    await front.close();
  });
});

describe("other protocols", () => {
  it("are ignored where a request can go on without, as with h2c", async () => {
    const client = openSocket(
      sidecar.proxy,
      "GET /public/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    );
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 200 [\s\S]*no upgrade/);
  });

  it("are refused with 501 where CONNECT asks for a tunnel, token or not", async () => {
    const token = await issuer.sign();
    const client = openSocket(
      sidecar.proxy,
      `CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 501 /);
  });
});
