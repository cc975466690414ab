import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { openSocket } from "../kit/open-socket.ts";
import { sendRaw } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";
import { waitFor } from "../kit/wait-for.ts";

const issuer = await createTestIssuer();
const upstream = await startUpstream((_request, response) => response.end("upstream"));
const sidecar = await startSidecar({
  issuers: [issuer.validatorOptions()],
  rest: `upstream: ${upstream.url}\nroutes: [{ path: /public/**, allow: anonymous }]\nproxy: { clientHeadersTimeoutMs: 1000 }`,
});
after(async () => {
  await sidecar.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.seen.length = 0;
});

const SECOND = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

function write(lines: readonly string[], body = "", start = "POST /public/x HTTP/1.1"): string {
  return [start, "Host: a", ...lines, "", body].join("\r\n");
}

describe("a request that two parsers could read in two ways", () => {
  const shapes: readonly (readonly [name: string, text: string])[] = [
    [
      "Content-Length and Transfer-Encoding",
      write(["Content-Length: 6", "Transfer-Encoding: chunked"], `0\r\n\r\n${SECOND}`),
    ],
    [
      "Transfer-Encoding and Content-Length",
      write(["Transfer-Encoding: chunked", "Content-Length: 6"], `0\r\n\r\n${SECOND}`),
    ],
    ["two lengths", write(["Content-Length: 5", "Content-Length: 0"], "hello")],
    ["two equal lengths", write(["Content-Length: 5", "Content-Length: 5"], "hello")],
    ["a list of lengths", write(["Content-Length: 5, 5"], "hello")],
    ["a signed length", write(["Content-Length: +5"], "hello")],
    ["a negative length", write(["Content-Length: -1"])],
    ["a hexadecimal length", write(["Content-Length: 0x5"], "hello")],
    ["a length beyond all bounds", write(["Content-Length: 99999999999999999999"], "hello")],
    ["chunked that is not last", write(["Transfer-Encoding: chunked, gzip"], `0\r\n\r\n${SECOND}`)],
    ["two codings", write(["Transfer-Encoding: gzip", "Transfer-Encoding: identity"], SECOND)],
    ["an unknown coding", write(["Transfer-Encoding: xchunked"], `0\r\n\r\n${SECOND}`)],
    ["a coding with a control character", write(["Transfer-Encoding: \x0bchunked"], `0\r\n\r\n${SECOND}`)],
    ["a space before the colon", write(["Transfer-Encoding : chunked"], `0\r\n\r\n${SECOND}`)],
    ["a folded line", write(["X-A: b\r\n c"], "")],
    ["a folded coding", write(["Transfer-Encoding:\r\n chunked"], `0\r\n\r\n${SECOND}`)],
    ["a bare line feed", `POST /public/x HTTP/1.1\nHost: a\n\n${SECOND}`],
    ["a bare line feed between fields", write(["X-A: b\nX-B: c"])],
    ["a bare carriage return", write(["X-A: b\rTransfer-Encoding: chunked"], `0\r\n\r\n${SECOND}`)],
    ["NUL in a value", write(["X-A: b\0c"])],
    ["an empty name", write([": b"])],
    ["a space in front of the first field", `GET /public/x HTTP/1.1\r\n Host: a\r\n\r\n`],
    ["a chunk size with a sign", write(["Transfer-Encoding: chunked"], `+5\r\nhello\r\n0\r\n\r\n${SECOND}`)],
    [
      "a chunk size with a prefix",
      write(["Transfer-Encoding: chunked"], `0x5\r\nhello\r\n0\r\n\r\n${SECOND}`),
    ],
    [
      "a chunk longer than it says",
      write(["Transfer-Encoding: chunked"], `3\r\nhello\r\n0\r\n\r\n${SECOND}`),
    ],
    ["a chunk ended by a bare line feed", write(["Transfer-Encoding: chunked"], `5\nhello\n0\n\n${SECOND}`)],
    ["another version", write([], "", "GET /public/x HTTP/3.7")],
    ["no version", "GET /public/x\r\nHost: a\r\n\r\n"],
    ["a tab in the request line", write([], "", "GET\t/public/x HTTP/1.1")],
    ["a target with a space", write([], "", "GET /public/x y HTTP/1.1")],
    ["an absolute target", write([], "", "GET http://b/public/x HTTP/1.1")],
    ["two hosts", write(["Host: b"], "", "GET /public/x HTTP/1.1")],
  ];
  for (const [name, text] of shapes) {
    it(`is refused and its connection closed: ${name}`, async () => {
      const client = openSocket(sidecar.proxy, text);
      await waitFor(() => client.text().includes("\r\n\r\n") || client.isClosed());
      assert.match(client.text(), /^HTTP\/1\.1 (?:400|413|505) /, client.text().slice(0, 40));
      // What stands behind it is never answered as a request of its own.
      assert.doesNotMatch(client.text(), /HTTP\/1\.1 (?!400|413|505)/);
      assert.ok(upstream.seen.every(({ url, body }) => url === "/public/x" && !body.includes("admin")));
      client.socket.destroy();
    });
  }
});

describe("what a chunked body carries besides data", () => {
  it("stays here: extensions and trailers", async () => {
    const trailers = "X-Auth-Subject: root\r\n";
    const body = `5;name=value\r\nhello\r\n0\r\n${trailers}\r\n`;
    const answer = await sendRaw(
      sidecar.proxy,
      write(["Transfer-Encoding: chunked", "Trailer: X-Auth-Subject", "Connection: close"], body),
    );
    assert.equal(answer.status, 200);
    const [seen] = upstream.seen;
    assert.equal(seen?.body, "hello");
    assert.ok(
      !seen?.rawHeaders.includes("root") && !seen?.rawHeaders.some((name) => /^trailer$/i.test(name)),
    );
  });

  it("is bounded: extensions without end are refused", async () => {
    const body = `5;${"x".repeat(40_000)}\r\nhello\r\n0\r\n\r\n`;
    const client = openSocket(sidecar.proxy, write(["Transfer-Encoding: chunked"], body));
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 (?:400|413|502) /);
  });
});

describe("two requests in one packet", () => {
  it("are judged one by one, in their order", async () => {
    const text = `GET /public/1 HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}GET /public/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const { text: answers } = await sendRaw(sidecar.proxy, text);
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    assert.deepEqual(statuses, ["200", "403", "200"]);
    assert.deepEqual(upstream.seen.map(({ url }) => url).sort(), ["/public/1", "/public/2"]);
  });
});

describe("a client that sends slowly", () => {
  it("is cut off with 408 where its header section does not end in time", async () => {
    const client = openSocket(sidecar.proxy, "GET /public/x HTTP/1.1\r\nHost: a\r\n");
    const drip = setInterval(() => client.socket.write("X-A: b\r\n"), 100);
    await waitFor(() => client.isClosed());
    clearInterval(drip);
    assert.match(client.text(), /^HTTP\/1\.1 408 /);
    assert.equal(upstream.seen.length, 0);
  });
});
