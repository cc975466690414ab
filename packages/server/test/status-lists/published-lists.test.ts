import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { request as askHttp, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { callApi } from "../kit/call-api.ts";
import { type SignalSidecar, startSignalSidecar } from "../kit/signal-sidecar.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PEM = String(privateKey.export({ type: "pkcs8", format: "pem" }));
const EXP = Math.floor(Date.now() / 1000) + 3600;

interface Indexed {
  readonly jti: string;
  readonly status: { readonly status_list: { readonly idx: number; readonly uri: string } };
}

/** A gateway leads the lists' address to the admin listener of the sidecar that publishes them. */
describe("status lists of a sidecar's own revocations", () => {
  let issuer: TestIssuer;
  let publisher: SignalSidecar;
  let verifier: Sidecar;
  let uri = "";
  const gateway = createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/lists/, "/api/v1/status-lists/main");
    const target = `http://${publisher.sidecar.addresses.admin}${path}`;
    const forwarded = askHttp(target, { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.writeHead(502).end());
    forwarded.end();
  });

  before(async () => {
    issuer = await createTestIssuer();
    await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    uri = `${origin}/lists`;
    publisher = await startSignalSidecar({
      issuers: [{ ...issuer.validatorOptions(), name: "main" }],
      rest: [
        `publishedStatusLists: ${JSON.stringify({
          lists: [{ issuer: "main", uri, privateKey: PEM, keyId: "lists", ttlSeconds: 10, capacity: 1024 }],
        })}`,
      ],
    });
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "lists", alg: "ES256", use: "sig" };
    const options = issuer.validatorOptions();
    const { keys } = (options.keys as { jwks: { keys: object[] } }).jwks;
    verifier = await startSidecar({
      issuers: [
        {
          ...options,
          keys: { jwks: { keys: [...keys, jwk] } },
          statusLists: {
            origins: [origin],
            insecureLoopbackHttp: true,
            maxStaleSeconds: 0,
            withoutStatus: "refused",
          },
        },
      ],
      rest: 'routes: [{ path: "/**", allow: authenticated }]',
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
  });
  after(async () => {
    await verifier.close();
    await publisher.close();
    gateway.closeAllConnections();
    gateway.close();
  });

  const admin = (): string => `http://${publisher.sidecar.addresses.admin}/api/v1/status-lists`;
  const caller = (): { admin: string; token: string } => {
    return { admin: publisher.sidecar.addresses.admin, token: publisher.token };
  };
  const allocate = async (tokens: readonly object[], to = "main"): Promise<readonly Indexed[]> => {
    const { status, json } = await callApi(caller(), `/status-lists/${to}/indices`, {
      method: "POST",
      body: { tokens },
    });
    assert.equal(status, 200, JSON.stringify(json));
    return json["tokens"] as readonly Indexed[];
  };
  /** The address of its list. */
  const allocateOne = async (jti: string): Promise<string> =>
    (await allocate([{ jti, exp: EXP }]))[0]?.status.status_list.uri ?? "";
  const ask = async (token: string): Promise<readonly [status: number, reason: unknown]> => {
    const headers = {
      authorization: `Bearer ${token}`,
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "api.example.com",
      "x-forwarded-uri": "/orders",
    };
    const response = await fetch(`http://${verifier.decision}/authz`, { headers });
    await response.arrayBuffer();
    return [response.status, verifier.events.at(-1)?.reason];
  };

  it("make a verifier elsewhere refuse what was revoked, by token and by subject", async () => {
    const iat = Math.floor(Date.now() / 1000) - 10;
    const wanted = ["alice", "bob", "carol"].map((sub) => ({ jti: `of-${sub}`, exp: EXP, iat, sub }));
    const [alice, bob, carol] = await Promise.all(
      (await allocate(wanted)).map(({ jti, status }, index) => {
        const { sub = "" } = wanted[index] ?? {};
        return issuer.sign({ jti, sub, iat, exp: EXP, status });
      }),
    );
    // Before any list was fetched, so that the first has it.
    for (const target of [
      { kind: "token", issuer: "main", value: "of-alice" },
      { kind: "subject", issuer: "main", value: "bob" },
    ]) {
      const { status } = await callApi(caller(), "/revocations", {
        method: "POST",
        body: { target, reason: "test" },
      });
      assert.equal(status, 201);
    }
    await waitFor(async () => (await publisher.ask(alice ?? "")) === 401);
    assert.deepEqual(await ask(alice ?? ""), [401, "token_revoked"]);
    assert.deepEqual(await ask(bob ?? ""), [401, "token_revoked"]);
    assert.equal((await ask(carol ?? ""))[0], 200);
    assert.deepEqual(await ask(await issuer.sign({ jti: "none" })), [401, "claim_invalid"]);
  });

  it("come with their type, their time and a tag by which they are known again", async () => {
    const list = await allocateOne("tagged");
    const response = await fetch(list, { headers: { accept: "application/statuslist+jwt" } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/statuslist+jwt");
    assert.match(response.headers.get("cache-control") ?? "", /^public, max-age=(?:10|[1-9])$/);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    const etag = response.headers.get("etag") ?? "";
    await response.text();
    const again = await fetch(list, { headers: { "if-none-match": `"other", W/${etag}` } });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
    assert.equal((await fetch(list, { headers: { "if-none-match": '"other"' } })).status, 200);
  });

  it("are named by their issuer, and no others are", async () => {
    const list = await allocateOne("named");
    const number = list.slice(uri.length);
    assert.deepEqual(await (await fetch(`${admin()}/main`)).json(), { status_lists: [list] });
    const statuses = await Promise.all(
      [
        "/main/1",
        "/main/0",
        "/main/01",
        "/main/x",
        "/other",
        "/other/1",
        `/main${number}?time=5`,
        `/main${number}?page=2`,
      ].map(async (path) => (await fetch(admin() + path)).status),
    );
    assert.deepEqual(statuses, [404, 404, 404, 404, 404, 404, 501, 400]);
  });

  it("have places for operators alone, for tokens that are still to expire", async () => {
    const [first] = await allocate([{ jti: "kept", exp: EXP }]);
    const [again] = await allocate([{ jti: "kept", exp: EXP }]);
    assert.deepEqual(again, first);
    const stranger = await fetch(`${admin()}/main/indices`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tokens: [{ jti: "x", exp: EXP }] }),
    });
    assert.equal(stranger.status, 401);
    for (const [expected, to, body] of [
      [404, "other", { tokens: [{ jti: "x", exp: EXP }] }],
      [422, "main", { tokens: [{ jti: "x", exp: 5 }] }],
      [422, "main", { tokens: [{ jti: "x", exp: EXP + 500 * 86_400 }] }],
      [400, "main", { tokens: [] }],
      [400, "main", { tokens: [{ jti: "x" }] }],
    ] as const) {
      const { status } = await callApi(caller(), `/status-lists/${to}/indices`, { method: "POST", body });
      assert.equal(status, expected, JSON.stringify(body));
    }
  });

  it("are counted", async () => {
    const text = await (await fetch(`http://${publisher.sidecar.addresses.admin}/metrics`)).text();
    assert.match(text, /countersign_status_lists_published_total\{issuer="main",result="built"\} [1-9]/);
    assert.match(text, /countersign_status_list_published_timestamp_seconds\{issuer="main"\} 1[0-9.]+\n/);
    const fetched = await (await fetch(`http://${verifier.addresses.admin}/metrics`)).text();
    assert.match(fetched, /countersign_status_list_fetches_total\{issuer="[^"]+",result="success"\} 1\n/);
    assert.match(
      fetched,
      /countersign_status_list_last_success_timestamp_seconds\{issuer="[^"]+"\} 1[0-9.]+\n/,
    );
  });
});
