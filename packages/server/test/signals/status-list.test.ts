import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { deflateSync } from "node:zlib";

import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";

describe("a sidecar with an issuer that publishes status lists", () => {
  let issuer: TestIssuer;
  let sidecar: Sidecar;
  let uri = "";
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.accept);
    const lst = deflateSync(Uint8Array.of(0b1001)).toString("base64url");
    const bare = { aud: undefined, exp: undefined, jti: undefined, client_id: undefined, scope: undefined };
    const claims = { ...bare, sub: uri, ttl: 60, status_list: { bits: 2, lst } };
    issuer.sign(claims, { header: { typ: "statuslist+jwt" } }).then(
      (text) => response.writeHead(200, { "content-type": "application/statuslist+jwt" }).end(text),
      () => response.writeHead(500).end(),
    );
  });

  before(async () => {
    issuer = await createTestIssuer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    uri = `${origin}/lists/1`;
    const statusLists = { origins: [origin], insecureLoopbackHttp: true, maxStaleSeconds: 0 };
    sidecar = await startSidecar({
      issuers: [{ ...issuer.validatorOptions(), statusLists }],
      rest: 'routes: [{ path: "/**", allow: authenticated }]',
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
  });
  after(async () => {
    await sidecar.close();
    server.closeAllConnections();
    server.close();
  });

  async function ask(status: object | undefined): Promise<readonly [status: number, reason: unknown]> {
    const token = await issuer.sign(status === undefined ? {} : { status: { status_list: { ...status } } });
    const response = await fetch(`http://${sidecar.decision}/authz`, {
      headers: {
        authorization: `Bearer ${token}`,
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.example.com",
        "x-forwarded-uri": "/orders",
      },
    });
    await response.arrayBuffer();
    return [response.status, sidecar.events.at(-1)?.reason];
  }

  it("refuses tokens that a list revokes or suspends, and asks for the list once", async () => {
    assert.equal((await ask({ idx: 2, uri }))[0], 200);
    assert.deepEqual(await ask({ idx: 0, uri }), [401, "token_revoked"]);
    assert.deepEqual(await ask({ idx: 1, uri }), [401, "token_suspended"]);
    assert.deepEqual(await ask({ idx: 100, uri }), [401, "claim_invalid"]);
    assert.equal((await ask(undefined))[0], 200);
    assert.deepEqual(asked, ["application/statuslist+jwt"]);
  });

  it("answers 503 where the list cannot be had", async () => {
    assert.deepEqual(await ask({ idx: 2, uri: `${uri}0` }), [503, "status_list_unavailable"]);
  });
});
