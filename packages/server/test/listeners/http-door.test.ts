import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { openSocket } from "../kit/open-socket.ts";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
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
