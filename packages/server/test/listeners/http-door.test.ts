import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { openSocket } from "../kit/open-socket.ts";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

describe("a listener with too many connections", () => {
  it("closes the ones over its bound at once, counts them, and serves on", async () => {
    const issuer = await createTestIssuer();
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: "routes: [{ path: /**, allow: anonymous }]\noverload: { maxConnections: 16 }",
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    const clients = Array.from({ length: 20 }, () => openSocket(sidecar.decision, ""));
    await waitFor(() => clients.filter((client) => client.isClosed()).length === 4);
    const { body } = await sendRaw(sidecar.addresses.admin, writeRequest("GET /metrics", ["Host: a"]));
    assert.match(body, /countersign_load_shed_total\{cause="connections"\} 4\n/);
    for (const { socket } of clients) socket.destroy();
    await waitFor(async () => {
      const { status } = await sendRaw(sidecar.decision, writeRequest("GET /nothing", ["Host: a"]));
      return status === 404;
    });
    await sidecar.close();
  });
});

describe("what the parser refuses", () => {
  let sidecar: Sidecar;
  before(async () => {
    const issuer = await createTestIssuer();
    sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: "routes: [{ path: /**, allow: anonymous }]",
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
  });
  after(() => sidecar.close());

  it("is answered whole, also while the client is still sending", async () => {
    // Without a wait for what still comes, most of these are resets that overtake the answer.
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendWithoutReading(sidecar.decision)));
    for (const text of answers) {
      assert.match(text, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
      assert.match(text, /\r\nContent-Type: application\/problem\+json\r\n/);
      assert.ok(text.endsWith('"code":"header_section_too_long"}'));
    }
  });

  it("is answered as malformed where it is no HTTP", async () => {
    const { status, body } = await sendRaw(sidecar.decision, "GET /public HTTP/1.1\r\nHost : a\r\n\r\n");
    assert.equal(status, 400);
    assert.match(body, /"code":"malformed_http"/);
  });

  it("is cut off where the client goes on and on", async () => {
    const { hostname, port } = new URL(`http://${sidecar.decision}`);
    // One that does not end its side when the other side has ended.
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.on("error", () => socket.destroy());
    socket.write(`GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`);
    const sending = setInterval(() => socket.write("x".repeat(1000)), 20);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(sending);
    assert.match(text, /^HTTP\/1\.1 431 /);
  });
});

/** Sends far more than is taken in small parts, and reads only then. */
function sendWithoutReading(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(`http://${address}`);
    const socket = connect({ host: hostname, port: Number(port) });
    let text = "";
    socket.setEncoding("utf8").on("error", reject);
    socket.on("close", () => resolve(text)).pause();
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}`);
    for (const delayMs of [20, 40]) setTimeout(() => socket.write("x".repeat(100_000)), delayMs);
    setTimeout(() => socket.on("data", (part: string) => (text += part)).resume(), 60);
  });
}
