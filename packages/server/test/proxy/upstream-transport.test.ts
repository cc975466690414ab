import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createSecureServer } from "node:http2";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";

import { ConfigurationError } from "countersign";
import { createTestIssuer } from "countersign/testing";
import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

const PUBLIC = "routes: [{ path: /**, allow: anonymous }]";
const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const own = createCertificate({ daysLeft: 30 });
const client = createCertificate({ daysLeft: 30 });
const other = createCertificate({ daysLeft: 30 });
const folder = await mkdtemp(join(tmpdir(), "countersign-"));
after(() => rm(folder, { recursive: true }));

async function listen(server: Server | Http2SecureServer, target: object): Promise<number> {
  server.listen(target);
  await once(server, "listening");
  const address = server.address();
  return typeof address === "string" || address === null ? 0 : address.port;
}

/** A server of HTTP/2 and HTTP/1.1 that asks for the client's certificate, and says what it saw. */
async function startTls(): Promise<{ url: string; sessions(): number; close(): Promise<void> }> {
  let sessions = 0;
  const server = createSecureServer(
    {
      allowHTTP1: true,
      cert: own.certificate,
      key: own.privateKey,
      requestCert: true,
      ca: client.certificate,
    },
    (request: Http2ServerRequest, response: Http2ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        const host = request.httpVersion === "2.0" ? request.authority : request.headers.host;
        const names = Object.keys(request.headers).filter(
          (name) => name === "connection" || name === "x-hop",
        );
        response.end(
          `${request.httpVersion} ${request.method} ${request.url} ${host} [${body}] ${names.join()}`,
        );
      });
    },
  );
  server.on("session", () => {
    sessions += 1;
  });
  const sockets = new Set<TLSSocket>();
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  const port = await listen(server, { port: 0, host: "127.0.0.1" });
  return {
    url: `https://localhost:${port}`,
    sessions: () => sessions,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function tls(members: object): string {
  return `tls: ${JSON.stringify(members)}`;
}

const CLIENT = { ca: own.certificate, certificate: client.certificate, key: client.privateKey };

describe("an https upstream", () => {
  it("is spoken to over HTTP/2 where it offers that, with the client certificate, many requests on one connection", async () => {
    const upstream = await startTls();
    const front = await startSidecar({
      issuers,
      rest: `upstream: ${upstream.url}\n${PUBLIC}\nproxy: { maxConnections: 1, ${tls(CLIENT)} }`,
    });
    try {
      const send = (start: string, lines: readonly string[], body = ""): ReturnType<typeof sendRaw> =>
        sendRaw(front.proxy, writeRequest(start, ["Host: api.test", ...lines], body));
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          send(`POST /p%20q?x=${index}`, ["Content-Length: 5", "Connection: X-Hop", "X-Hop: 1"], "hello"),
        ),
      );
      for (const [index, { status, body }] of answers.entries()) {
        assert.equal(status, 200);
        assert.ok(body.includes(`2.0 POST /p%20q?x=${index} api.test [hello] `), body);
        assert.ok(!body.includes("x-hop") && !body.includes("connection"));
      }
      const chunked = await send("POST /c", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n");
      assert.match(chunked.body, /2\.0 POST \/c api\.test \[hello\]/);
      assert.equal(upstream.sessions(), 1);
    } finally {
      await front.close();
      await upstream.close();
    }
  });

  it("is spoken to over HTTP/1.1 where that is configured", async () => {
    const upstream = await startTls();
    const front = await startSidecar({
      issuers,
      rest: `upstream: ${upstream.url}\n${PUBLIC}\nproxy: { http2: false, ${tls(CLIENT)} }`,
    });
    const { body } = await sendRaw(front.proxy, writeRequest("GET /x", ["Host: api.test"]));
    assert.match(body, /1\.1 GET \/x api\.test/);
    await front.close();
    await upstream.close();
  });

  it("is 502 where its certificate comes from another authority, or from none that is known", async () => {
    const upstream = await startTls();
    for (const members of [
      { ...CLIENT, ca: other.certificate },
      { certificate: CLIENT.certificate, key: CLIENT.key },
    ]) {
      const front = await startSidecar({
        issuers,
        rest: `upstream: ${upstream.url}\n${PUBLIC}\nproxy: { ${tls(members)} }`,
      });
      assert.equal((await sendRaw(front.proxy, writeRequest("GET /x", ["Host: a"]))).status, 502);
      await front.close();
    }
    await upstream.close();
  });

  it("is never reached without the certificate that it asks for", async () => {
    const upstream = await startTls();
    for (const members of [
      { ca: own.certificate },
      { ...CLIENT, certificate: other.certificate, key: other.privateKey },
    ]) {
      const front = await startSidecar({
        issuers,
        rest: `upstream: ${upstream.url}\n${PUBLIC}\nproxy: { ${tls(members)} }`,
      });
      assert.equal((await sendRaw(front.proxy, writeRequest("GET /x", ["Host: a"]))).status, 502);
      await front.close();
    }
    await upstream.close();
  });
});

describe("proxy.tls", () => {
  it("reads files, and refuses what does not belong together without showing it", async () => {
    await writeFile(join(folder, "key.pem"), client.privateKey);
    await writeFile(join(folder, "cert.pem"), client.certificate);
    const parse = (settings: string): ReturnType<typeof parseConfiguration> =>
      parseConfiguration(
        `issuers: ${JSON.stringify(issuers)}\nupstream: https://a.test\n${PUBLIC}\nproxy: { tls: ${settings} }`,
        { env: {}, baseDir: folder },
      );
    const { tls: read } = parse('{ certificate: "file:cert.pem", key: "file:key.pem" }').proxy;
    assert.equal(read?.key, client.privateKey.trim());
    for (const settings of [
      '{ certificate: "file:cert.pem" }',
      `{ certificate: ${JSON.stringify(other.certificate)}, key: "file:key.pem" }`,
      '{ ca: "file:key.pem" }',
      '{ ca: "file:nothing.pem" }',
    ]) {
      assert.throws(
        () => parse(settings),
        (error) => error instanceof ConfigurationError && !error.message.includes("PRIVATE"),
        settings,
      );
    }
  });
});

describe("an upstream behind a Unix socket", () => {
  it("is forwarded to", async () => {
    const path = join(folder, "upstream.sock");
    const server = createServer((request, response) => response.end(`unix ${request.headers.host}`));
    await listen(server, { path });
    const front = await startSidecar({
      issuers,
      rest: `upstream: "unix:${path}"\n${PUBLIC}\nproxy: { host: upstream }`,
      listeners: `decision: "off", admin: "127.0.0.1:0", proxy: "unix:${join(folder, "proxy.sock")}"`,
    });
    const { status, body } = await sendRaw(front.proxy, writeRequest("GET /x", ["Host: a"]));
    assert.deepEqual([status, body.includes("unix localhost")], [200, true]);
    await front.close();
    server.close();
    server.closeAllConnections();
  });
});
