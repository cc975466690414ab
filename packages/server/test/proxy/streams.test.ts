import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { findStreamKind } from "../../src/proxy/stream-kind.ts";
import type { OpenSocket } from "../kit/open-socket.ts";
import { openSocket } from "../kit/open-socket.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";
import { waitFor } from "../kit/wait-for.ts";

const ROUTES = "routes: [{ path: /public/**, allow: anonymous }, { path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const issuers = [{ ...issuer.validatorOptions(), clockToleranceSeconds: 0 }];
const open: ServerResponse[] = [];
const TYPES: Readonly<Record<string, string>> = {
  "/events": "text/event-stream; charset=utf-8",
  "/public/events": "text/event-stream",
  "/grpc": "application/grpc+proto",
  "/plain": "text/plain",
};
const upstream = await startUpstream((_request, response, { url }) => {
  open.push(response);
  response.writeHead(200, { "Content-Type": TYPES[url] ?? "text/plain" });
  response.flushHeaders();
});
after(() => upstream.close());
let skewMs = 0;
const sidecar = await startSidecar(
  { issuers, rest: `${ROUTES}\nupstream: ${upstream.url}\nshutdown: { drainTimeoutMs: 60000 }` },
  { clock: () => Date.now() + skewMs },
);
after(() => sidecar.close());

async function get(path: string, header = "X-None: 1"): Promise<OpenSocket & { response: ServerResponse }> {
  const before = open.length;
  const client = openSocket(sidecar.proxy, `GET ${path} HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`);
  await waitFor(() => open.length > before && client.text().includes("\r\n\r\n"));
  const response = open.at(-1) ?? assert.fail();
  return { ...client, response };
}

async function authorize(lifetimeSeconds: number): Promise<string> {
  const now = Math.floor((Date.now() + skewMs) / 1000);
  return `Authorization: Bearer ${await issuer.sign({ iat: now, exp: now + lifetimeSeconds })}`;
}

describe("an event stream", () => {
  it("reaches the client event by event, its header section before the first", async () => {
    const client = await get("/events", await authorize(600));
    assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*text\/event-stream/);
    for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
      client.response.write(event);
      await waitFor(() => client.text().includes(event));
    }
    client.response.end();
    await waitFor(() => client.text().endsWith("0\r\n\r\n"));
    client.socket.destroy();
  });

  it("ends when its token has expired, and the connection serves on", async () => {
    const client = await get("/events", await authorize(600));
    client.response.write("data: 1\n\n");
    await waitFor(() => client.text().includes("data: 1"));
    skewMs += 700_000;
    await waitFor(() => client.text().endsWith("0\r\n\r\n"));
    assert.equal(client.isClosed(), false);
    await waitFor(() => client.response.destroyed);
    client.socket.write("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => client.text().includes("HTTP/1.1 401 "));
    client.socket.destroy();
  });

  it("is cut where a clean end would make half an answer look whole", async () => {
    assert.equal(findStreamKind("application/grpc-web"), "cut");
    const client = await get("/grpc", await authorize(600));
    skewMs += 700_000;
    await waitFor(() => client.isClosed());
    assert.equal(client.text().includes("0\r\n\r\n"), false);
  });

  it("stays where its token was not needed; other answers are let finish", async () => {
    const stream = await get("/public/events");
    const plain = await get("/plain", await authorize(600));
    skewMs += 700_000;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    stream.response.write("data: 3\n\n");
    plain.response.end("whole");
    await waitFor(() => stream.text().includes("data: 3") && plain.text().includes("whole"));
    stream.socket.destroy();
    plain.socket.destroy();
  });

  it("ends at once when the sidecar stops", async () => {
    const client = await get("/public/events");
    await sidecar.close();
    assert.ok(client.text().endsWith("0\r\n\r\n"));
  });
});
