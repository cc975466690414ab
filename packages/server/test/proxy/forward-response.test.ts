import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { get } from "node:http";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { openSocket } from "../kit/open-socket.ts";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";
import { waitFor } from "../kit/wait-for.ts";

const BODY = randomBytes(3 * 1024 * 1024);
const issuer = await createTestIssuer();
const slow: ServerResponse[] = [];
const upstream = await startUpstream((request, response, { url }) => {
  const parameters = new URL(url, "http://a").searchParams;
  const body = BODY.subarray(0, Number(parameters.get("bytes")));
  if (parameters.has("early")) response.writeEarlyHints({ link: "</style.css>; rel=preload" });
  if (parameters.has("declared")) response.setHeader("Content-Length", body.length);
  if (parameters.has("slow")) {
    slow.push(response);
    response.write(body);
    return;
  }
  response.setHeader("Set-Cookie", ["a=1", "b=2"]);
  if (request.method === "HEAD") response.end();
  else if (parameters.has("pieces")) {
    response.write(body.subarray(0, 1));
    response.end(body.subarray(1));
  } else response.end(body);
});
const sidecar = await startSidecar({
  issuers: [issuer.validatorOptions()],
  rest: `routes: [{ path: /**, allow: anonymous }]\nupstream: ${upstream.url}`,
});
after(async () => {
  await sidecar.close();
  await upstream.close();
});

async function read(path: string): Promise<{ status: number | undefined; cookies: unknown; body: Buffer }> {
  const request = get(`http://${sidecar.proxy}${path}`);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, cookies: answer.headers["set-cookie"], body: Buffer.concat(chunks) };
}

describe("the upstream's answer", () => {
  it("reaches the client byte for byte, whatever its length, in one piece or several, declared or not", async () => {
    for (const bytes of [0, 1, 2, 4095, 4096, 4097, 65_536, BODY.length]) {
      for (const how of ["declared", "chunked", "declared&pieces", "chunked&pieces"]) {
        if (bytes === 0 && how.endsWith("pieces")) continue;
        const { status, cookies, body } = await read(`/x?bytes=${bytes}&${how}`);
        assert.equal(status, 200);
        assert.deepEqual(cookies, ["a=1", "b=2"]);
        assert.ok(body.equals(BODY.subarray(0, bytes)), `${bytes} ${how}`);
      }
    }
  });

  it("keeps its declared length where HEAD was asked", async () => {
    const answer = await sendRaw(sidecar.proxy, writeRequest("HEAD /x?bytes=7&declared", ["Host: a"]));
    assert.match(answer.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 7\r\n/i);
    assert.equal(answer.body, "");
  });

  it("comes without the interim ones before it", async () => {
    const answer = await sendRaw(sidecar.proxy, writeRequest("GET /x?bytes=3&declared&early", ["Host: a"]));
    assert.equal(answer.status, 200);
    assert.equal(answer.text.includes("103"), false);
    assert.deepEqual(Buffer.from(answer.body, "latin1"), BODY.subarray(0, 3));
  });

  it("is no longer asked for where the client leaves in its middle", async () => {
    const endless = openSocket(sidecar.proxy, "GET /x?bytes=100&slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => endless.text().includes("\r\n\r\n"));
    endless.socket.destroy();
    await waitFor(() => slow.at(-1)?.destroyed === true);
    assert.ok(sidecar.events.every(({ outcome }) => outcome === "allowed"));
  });

  it("is not waited for on a connection that the client has closed before it began", async () => {
    const before = slow.length;
    const client = openSocket(sidecar.proxy, "GET /x?bytes=0&slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => slow.length > before);
    client.socket.destroy();
    await waitFor(() => slow.at(-1)?.destroyed === true);
  });
});
