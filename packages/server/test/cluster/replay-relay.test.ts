import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryReplayStore, type ReplayStore } from "countersign";
import { createDpopClient, createTestIssuer } from "countersign/testing";

import type { UseAnswer, UseToRecord } from "../../src/cluster/messages.ts";
import { ReplayRelay, recordUses } from "../../src/cluster/replay-relay.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { startCluster } from "../kit/start-cluster.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

/** Long after the whole run. */
const LATER = Date.now() + 3_600_000;
const ROUTES = "routes: [{ path: /**, allow: authenticated }]";

/** A relay to a store in the same process, and how many uses each question had. */
function relayTo(store: ReplayStore): { readonly relay: ReplayRelay; readonly sizes: number[] } {
  const sizes: number[] = [];
  const relay = new ReplayRelay((uses) => {
    sizes.push(uses.length);
    return recordUses(store, uses);
  });
  return { relay, sizes };
}

describe("first uses that a worker asks about", () => {
  it("go together, and each gets its own answer", async () => {
    const { relay, sizes } = relayTo(new MemoryReplayStore());
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index % 150}`);
    const answers = await Promise.all(keys.map((key) => relay.use(key, LATER)));
    assert.deepEqual(answers.slice(0, 150), Array(150).fill("first"));
    assert.deepEqual(answers.slice(150), Array(150).fill("seen"));
    assert.deepEqual(sizes, [256, 44]);
  });

  it("are refused, and never let pass, where the primary does not answer each of them", async () => {
    const primaries: readonly ((uses: readonly UseToRecord[]) => Promise<readonly UseAnswer[]>)[] = [
      () => Promise.reject(new Error("gone")),
      () => {
        throw new Error("gone");
      },
      async () => [],
      async () => ["unknown"],
      async () => [true as unknown as UseAnswer],
    ];
    for (const ask of primaries) {
      await assert.rejects(() => new ReplayRelay(ask).use("key", LATER), /did not say/);
    }
  });

  it("are unknown where the primary's store cannot say", async () => {
    const store: ReplayStore = { use: () => Promise.reject(new Error("full")) };
    assert.deepEqual(await recordUses(store, [{ key: "a", expiresAtMs: LATER }]), ["unknown"]);
  });

  it("wait in bounded number for a primary that is slow", async () => {
    let asked = 0;
    let resolve = (): void => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    const relay = new ReplayRelay(async (uses) => {
      asked++;
      await promise;
      return uses.map(() => "first");
    });
    const uses = Array.from({ length: 4096 }, (_, index) => relay.use(`${index}`, LATER));
    await assert.rejects(() => relay.use("one more", LATER), /too many/);
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    assert.equal(asked, 8);
    resolve();
    assert.equal((await Promise.all(uses)).length, 4096);
    assert.equal(asked, 16);
  });
});

describe("a DPoP proof", () => {
  const issuerOf = async (): Promise<{
    readonly issuers: readonly object[];
    headers(): Promise<Headers>;
  }> => {
    const issuer = await createTestIssuer();
    const client = await createDpopClient();
    return {
      issuers: [issuer.validatorOptions()],
      headers: async () => {
        const token = await issuer.sign({ cnf: { jkt: client.jkt } });
        const proof = await client.prove({ token, method: "GET", url: "https://api.test/x" });
        return new Headers({
          authorization: `DPoP ${token}`,
          dpop: proof,
          connection: "close",
          "x-forwarded-method": "GET",
          "x-forwarded-proto": "https",
          "x-forwarded-host": "api.test",
          "x-forwarded-uri": "/x",
        });
      },
    };
  };
  const ask = async (address: string, headers: Headers): Promise<number> => {
    const response = await fetch(`http://${address}/authz`, { headers });
    await response.arrayBuffer();
    return response.status;
  };

  it("passes once, whichever worker is asked", async () => {
    const { issuers, headers } = await issuerOf();
    const cluster = await startCluster({ issuers, rest: ROUTES, workers: 4 });
    try {
      for (let round = 0; round < 3; round++) {
        const same = await headers();
        const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(cluster.decision, same)));
        assert.equal(statuses.filter((status) => status === 200).length, 1);
        assert.equal(statuses.filter((status) => status === 401).length, 39);
      }
    } finally {
      await cluster.close();
    }
  });

  it("that was used stays used when the configuration changes", async () => {
    const { issuers, headers } = await issuerOf();
    const sidecar = await startSidecar({
      issuers,
      rest: ROUTES,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    try {
      const same = await headers();
      assert.equal(await ask(sidecar.decision, same), 200);
      const changed = issuers.map((issuer) => ({ ...issuer, clockToleranceSeconds: 29 }));
      const text = `listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }\nissuers: ${JSON.stringify(changed)}\n${ROUTES}\n`;
      const outcome = await sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
      assert.equal(outcome.result, "applied", JSON.stringify(outcome));
      assert.equal(await ask(sidecar.decision, same), 401);
      assert.equal(await ask(sidecar.decision, await headers()), 200);
    } finally {
      await sidecar.close();
    }
  });
});
