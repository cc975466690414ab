import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";

import { createTestIssuer, type TestIssuer } from "countersign/testing";

import { askDecision } from "../kit/ask-decision.ts";
import { type Cluster, startCluster } from "../kit/start-cluster.ts";

const WORKERS = 4;

interface ListedCluster {
  readonly issuer: TestIssuer;
  readonly cluster: Cluster;
  readonly uri: string;
  /** The list's statuses, of one bit each; undefined: it cannot be had. */
  publish(octet: number | undefined): void;
  fetches(): number;
  /** Distinct statuses of so many answers, by connections of their own. */
  ask(idx: number, count?: number): Promise<readonly number[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function startListed(statusLists: object = {}): Promise<ListedCluster> {
  const issuer = await createTestIssuer();
  let octet: number | undefined = 0b10;
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    if (octet === undefined) return void response.writeHead(500).end();
    const lst = deflateSync(Uint8Array.of(octet)).toString("base64url");
    const bare = { aud: undefined, exp: undefined, jti: undefined, client_id: undefined, scope: undefined };
    issuer
      .sign(
        { ...bare, sub: uri, ttl: 10, status_list: { bits: 1, lst } },
        { header: { typ: "statuslist+jwt" } },
      )
      .then(
        (text) => response.writeHead(200, { "content-type": "application/statuslist+jwt" }).end(text),
        () => response.destroy(),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const uri = `${origin}/lists/1`;
  const lists = { origins: [origin], insecureLoopbackHttp: true, ...statusLists };
  const cluster = await startCluster({
    issuers: [{ ...issuer.validatorOptions(), statusLists: lists }],
    rest: "routes: [{ path: /**, allow: authenticated }]",
    workers: WORKERS,
  });
  return {
    issuer,
    cluster,
    uri,
    publish(next) {
      octet = next;
    },
    fetches: () => fetches,
    async ask(idx, count = WORKERS * 2) {
      const token = await issuer.sign({ status: { status_list: { idx, uri } } });
      const all = Array.from({ length: count }, () => askDecision({ address: cluster.decision, token }));
      return [...new Set(await Promise.all(all))];
    },
    async [Symbol.asyncDispose]() {
      await cluster.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("four workers with an issuer that publishes status lists", () => {
  it("judge by one fetch of a list", async () => {
    await using listed = await startListed();
    assert.deepEqual(await listed.ask(0, 40), [200]);
    assert.deepEqual(await listed.ask(1, 40), [401]);
    assert.equal(listed.fetches(), 1);
    const metrics = await (await fetch(`http://${listed.cluster.addresses.admin}/metrics`)).text();
    assert.match(metrics, /countersign_status_list_fetches_total\{issuer="[^"]+",result="success"\} 1\n/);
  });

  it("ask the primary no more than it asks where no list can be had", async () => {
    await using listed = await startListed();
    listed.publish(undefined);
    assert.deepEqual(await listed.ask(0, 40), [503]);
    assert.deepEqual(await listed.ask(0, 40), [503]);
    assert.equal(listed.fetches(), 1);
  });
});
