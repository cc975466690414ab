import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { type RawAnswer, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";
import { startWebSocketUpstream } from "../kit/start-web-socket-upstream.ts";

const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const folder = mkdtempSync(join(tmpdir(), "countersign-"));
const main = await startUpstream((_request, response) => void response.end("main"));
const orders = await startUpstream((request, response) => {
  if (request.url === "/orders/hang") return;
  response.end("orders");
});
const sockets = await startWebSocketUpstream();
const socketPath = join(folder, "files.sock");
const files = createServer((_request, response) => void response.end("files")).listen(socketPath);
await once(files, "listening");

const REST = `
routes:
  - { path: /**, allow: authenticated }
  - { path: /orders/**, allow: authenticated, upstream: orders }
  - { path: /files/**, allow: anonymous, upstream: files }
  - { path: /live, allow: authenticated, upstream: sockets }
  - { path: /gone, allow: anonymous, upstream: gone }
upstream: ${main.url}
upstreams:
  orders: ${orders.url}
  files: unix:${socketPath}
  sockets: { url: "${sockets.url}" }
  gone: http://127.0.0.1:9
proxy: { headersTimeoutMs: 200, host: upstream, maxBodyBytes: 10 }
`;
const sidecar = await startSidecar({ issuers, rest: REST });
after(async () => {
  await sidecar.close();
  await Promise.all([main.close(), orders.close(), sockets.close()]);
  files.close();
  files.closeAllConnections();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  main.seen.length = 0;
  orders.seen.length = 0;
});

async function send(path: string, { token = true, body = "" } = {}): Promise<RawAnswer> {
  const lines = token ? [`Authorization: Bearer ${await issuer.sign({ sub: "ada" })}`] : [];
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  const start = `${body === "" ? "GET" : "POST"} ${path}`;
  return sendRaw(sidecar.proxy, writeRequest(start, ["Host: api.test", ...lines, ...length], body));
}

describe("a route with an upstream of its own", () => {
  it("leads there with the identity, and other routes lead to the one that all have", async () => {
    assert.match((await send("/orders/1")).body, /orders/);
    assert.deepEqual(orders.valuesOf("x-auth-subject"), ["ada"]);
    assert.deepEqual(orders.valuesOf("authorization"), []);
    assert.deepEqual(orders.valuesOf("host"), [new URL(orders.url).host]);
    assert.match((await send("/other")).body, /main/);
    assert.match((await send("/files/a", { token: false })).body, /files/);
    assert.deepEqual([main.seen.length, orders.seen.length], [1, 1]);
  });

  it("lets nobody there who may not, and has the same limits", async () => {
    assert.equal((await send("/orders/1", { token: false })).status, 401);
    assert.equal((await send("/orders/1", { body: "more than ten" })).status, 413);
    assert.deepEqual(orders.seen, []);
    assert.equal((await send("/orders/hang")).status, 504);
    assert.equal((await send("/gone")).status, 502);
  });

  it("hands WebSockets on there", async () => {
    const socket = connect(Number(sidecar.proxy.split(":")[1]), "127.0.0.1");
    const token = await issuer.sign({ sub: "ada" });
    const handshake = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
    const head = ["GET /live HTTP/1.1", "Host: a", `Authorization: Bearer ${token}`, ...handshake];
    socket.write([...head, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""].join("\r\n"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString("latin1"), /^HTTP\/1\.1 101 /);
    socket.destroy();
  });

  it("is reached over the connections it has, also after a reload that leaves it as it is", async () => {
    let opened = 0;
    const server = createServer((_request, response) => void response.end("ok"));
    server.on("connection", () => {
      opened += 1;
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const write = (path: string): string =>
      `routes: [{ path: ${path}, allow: anonymous, upstream: a }]\nupstreams: { a: "${url}" }`;
    const running = await startSidecar({ issuers, rest: write("/a") });
    try {
      const get = (path: string): Promise<RawAnswer> =>
        sendRaw(running.proxy, writeRequest(`GET ${path}`, ["Host: a"]));
      assert.equal((await get("/a")).status, 200);
      const listeners = `listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0" }`;
      const text = `${listeners}\nissuers: ${JSON.stringify(issuers)}\n${write("/b")}`;
      await running.reload(async () => parseConfiguration(text, { env: {}, baseDir: "/" }));
      assert.equal((await get("/a")).status, 403);
      assert.equal((await get("/b")).status, 200);
      assert.equal(opened, 1);
    } finally {
      await running.close();
      server.close();
    }
  });
});

describe("the configuration of named upstreams", () => {
  const check = (rest: string): ReturnType<typeof checkConfiguration> =>
    checkConfiguration(`issuers: ${JSON.stringify(issuers)}\n${rest}`, { env: {}, baseDir: "/" });
  const problemsOf = (rest: string): readonly string[] =>
    check(rest).problems.map(({ path, problem }) => `${path}: ${problem}`);

  it("refuses a name that nobody wrote down", () => {
    assert.deepEqual(
      problemsOf(
        "routes: [{ path: /**, allow: anonymous, upstream: a }]\nupstreams: { b: http://localhost:1 }",
      ),
      ["routes[0].upstream: no name of `upstreams` (b)"],
    );
    assert.deepEqual(problemsOf("routes: [{ path: /**, allow: anonymous, upstream: a }]"), [
      "routes[0].upstream: no name of `upstreams` (there are none)",
    ]);
  });

  it("refuses a route that leads nowhere, but not where no proxy runs", () => {
    const rest = "routes: [{ path: /**, allow: anonymous }]\nupstreams: { b: http://localhost:1 }";
    assert.deepEqual(problemsOf(rest), [
      "routes[0].upstream: nothing: the proxy would not know where to forward to",
    ]);
    assert.deepEqual(problemsOf(`${rest}\nlisteners: { proxy: "off" }`), []);
  });

  it("opens the proxy by itself, and refuses its own address", () => {
    const rest =
      "routes: [{ path: /**, allow: anonymous, upstream: b }]\nupstreams: { b: http://127.0.0.1:8080 }";
    assert.deepEqual(problemsOf(rest), ["upstreams.b: the address of the proxy itself"]);
    const { configuration } = check(rest.replace("8080", "3000"));
    assert.deepEqual(configuration?.listeners.proxy, { kind: "tcp", host: "127.0.0.1", port: 8080 });
  });

  it("warns of identity in the clear to another machine", () => {
    const rest =
      "routes: [{ path: /**, allow: authenticated, upstream: b }]\nupstreams: { b: http://10.0.0.1:8000, c: https://c.test }";
    assert.deepEqual(
      check(rest).findings.map(({ path, kind }) => `${path} ${kind}`),
      ["upstreams.b exposure"],
    );
  });

  it("reads certificates of its own, from files too", () => {
    const { certificate } = createCertificate({ daysLeft: 30 });
    const write = (ca: string): string =>
      `routes: [{ path: /**, allow: authenticated, upstream: b }]\nupstreams: { b: { url: https://b.test, tls: { ca: ${ca} } } }`;
    assert.deepEqual(problemsOf(write(JSON.stringify(certificate))), []);
    assert.deepEqual(problemsOf(write("none")), ["upstreams.b.tls: expected PEM certificates in ca"]);
    assert.match(problemsOf(write("file:missing.pem"))[0] ?? "", /upstreams\.b\.tls\.ca: .*ENOENT/);
  });
});
