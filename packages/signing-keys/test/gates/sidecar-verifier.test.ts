import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { SidecarVerifier, VerifierUnavailableError } from "@countersign/signing-keys";

const KEYS = {
  instance: "one",
  clockMs: 0,
  processes: { judging: 2, answered: 2 },
  issuers: [
    {
      name: "main",
      processesUpToDate: 1,
      clockSkewSeconds: null,
      keys: [{ keyId: "a", state: "current", lastUsedAtMs: 5 }],
    },
  ],
};

describe("a sidecar as a verifier", () => {
  let server: Server;
  let answer: { status: number; body: string; delayMs?: number } = { status: 200, body: "" };
  let metrics = "";
  let verifier: SidecarVerifier;

  before(async () => {
    server = createServer((request, response) => {
      if (request.headers.authorization !== "Bearer secret") return void response.writeHead(401).end();
      if (request.url === "/metrics") return void response.end(metrics);
      setTimeout(() => response.writeHead(answer.status).end(answer.body), answer.delayMs ?? 0);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    verifier = new SidecarVerifier({ name: "s", admin, readToken: async () => "secret\n", timeoutMs: 200 });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it("tells its keys, its processes and how far its clock is from ours", async () => {
    answer = { status: 200, body: JSON.stringify({ ...KEYS, clockMs: Date.now() + 60_000 }) };
    const held = await verifier.readKeys("https://idp.example.com/");
    assert.deepEqual([held.instance, held.judging, held.answered, held.upToDate], ["one", 2, 2, 1]);
    assert.deepEqual(held.keys, [{ keyId: "a", state: "current", lastUsedAtMs: 5 }]);
    assert.ok(Math.abs(held.clockAheadMs - 60_000) <= held.clockUncertaintyMs + 5);
  });

  it("counts what was accepted and what failed for a key's sake, of the one issuer", async () => {
    answer = { status: 200, body: JSON.stringify(KEYS) };
    metrics = [
      'countersign_validations_total{issuer="main",reason="ok",fault="none"} 90',
      'countersign_validations_total{issuer="main",reason="key_unknown",fault="client"} 4',
      'countersign_validations_total{issuer="main",reason="keys_stale",fault="system"} 3',
      'countersign_validations_total{issuer="main",reason="token_expired",fault="client"} 50',
      'countersign_validations_total{issuer="other",reason="ok",fault="none"} 70',
      'countersign_decisions_total{issuer="main",reason="ok"} 8',
      "",
    ].join("\n");
    assert.deepEqual(await verifier.countValidations("x"), { accepted: 90, keyFailures: 7 });
  });

  it("is unavailable where it answers nothing, something else, too much or too late", async () => {
    const answers: readonly (typeof answer)[] = [
      { status: 503, body: JSON.stringify(KEYS) },
      { status: 200, body: "no JSON" },
      { status: 200, body: "[]" },
      { status: 200, body: JSON.stringify({ ...KEYS, issuers: [] }) },
      { status: 200, body: JSON.stringify({ ...KEYS, processes: { judging: "2", answered: 2 } }) },
      {
        status: 200,
        body: JSON.stringify({
          ...KEYS,
          issuers: [{ ...KEYS.issuers[0], keys: [{ keyId: "a", state: "fine", lastUsedAtMs: null }] }],
        }),
      },
      { status: 200, body: `${" ".repeat(4_194_304)}{}` },
      { status: 200, body: JSON.stringify(KEYS), delayMs: 400 },
    ];
    for (const each of answers) {
      answer = each;
      await assert.rejects(verifier.readKeys("x"), VerifierUnavailableError, each.body.slice(0, 80));
    }
    answer = { status: 200, body: JSON.stringify(KEYS) };
    const { port } = server.address() as AddressInfo;
    const stranger = new SidecarVerifier({
      name: "s",
      admin: `127.0.0.1:${port}`,
      readToken: async () => "other",
    });
    await assert.rejects(stranger.readKeys("x"), /401: see `apiTokenFile`/);
    const unread = new SidecarVerifier({
      name: "s",
      admin: "127.0.0.1:1",
      readToken: () => Promise.reject(new Error("secret path")),
    });
    await assert.rejects(unread.judgeCanary("x"), /token of its API cannot be read/);
    const gone = new SidecarVerifier({ name: "s", admin: "127.0.0.1:1", readToken: async () => "x" });
    await assert.rejects(gone.judgeCanary("x"), /it does not answer: ECONNREFUSED/);
  });
});
