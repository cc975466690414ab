/** What the guide says does not cross the proxy: interim answers, trailers, and HTTP/2 in the clear. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

const ANSWER = [
  "HTTP/1.1 102 Processing",
  "",
  "HTTP/1.1 103 Early Hints",
  "Link: </early.css>; rel=preload",
  "",
  "HTTP/1.1 200 OK",
  "Transfer-Encoding: chunked",
  "Trailer: X-Checksum",
  "",
  "5",
  "hello",
  "0",
  "X-Checksum: abc",
  "",
  "",
].join("\r\n");

const issuer = await createTestIssuer();
let asked = 0;
const upstream = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("data", () => {
    asked += 1;
    socket.write(ANSWER);
  });
}).listen(0, "127.0.0.1");
await once(upstream, "listening");
const { port } = upstream.address() as AddressInfo;
const sidecar = await startSidecar({
  issuers: [issuer.validatorOptions()],
  rest: `routes: [{ path: /**, allow: anonymous }]\nupstream: http://127.0.0.1:${port}`,
});
after(async () => {
  await sidecar.close();
  upstream.close();
});

describe("what does not cross the proxy", () => {
  it("is what an upstream says before its answer, and after its body", async () => {
    const answer = await sendRaw(sidecar.proxy, writeRequest("GET /x", ["Host: a"]));
    assert.equal(answer.status, 200);
    assert.match(answer.body, /hello/);
    assert.doesNotMatch(answer.text, /HTTP\/1\.1 10\d|early\.css|checksum/i);
  });

  it("is HTTP/2 without TLS: its preface is no request", async () => {
    const before = asked;
    const answer = await sendRaw(sidecar.proxy, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert.equal(answer.status, 400);
    assert.equal(asked, before);
  });
});
