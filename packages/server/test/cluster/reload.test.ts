import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { askDecision, loadDecisions } from "../kit/ask-decision.ts";
import type { Cluster } from "../kit/start-cluster.ts";
import { parseCluster, startCluster } from "../kit/start-cluster.ts";
import { waitFor } from "../kit/wait-for.ts";

const PUBLIC = "routes: [{ path: /**, allow: anonymous }]";
const PRIVATE = "routes: [{ path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
after(() => issuer.close());

async function read({ addresses }: Pick<Cluster, "addresses">, path: string): Promise<string> {
  return (await fetch(`http://${addresses.admin}${path}`)).text();
}

describe("a reload with workers", () => {
  it("is in all of them when it is done: no answer under load is lost, and none after it is of the one before", async () => {
    const cluster = await startCluster({ issuers, rest: PUBLIC, workers: 2 });
    const load = loadDecisions({ address: cluster.decision }, 8);
    try {
      for (const [rest, expected] of [
        [PRIVATE, 401],
        [PUBLIC, 200],
        [PRIVATE, 401],
      ] as const) {
        await waitFor(() => load.statuses.length > 50);
        const outcome = await cluster.reload(() => parseCluster({ issuers, rest, workers: 2 }));
        assert.equal(outcome.result, "applied");
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => askDecision({ address: cluster.decision })),
        );
        assert.deepEqual(new Set(answers), new Set([expected]));
      }
      await load.stop();
      assert.ok(load.failures.every((count) => count === 0));
      assert.deepEqual(new Set(load.statuses), new Set([200, 401]));
      const metrics = await read(cluster, "/metrics");
      assert.match(metrics, /config_reloads_total\{result="applied"\} 3/);
      assert.equal(metrics.match(/countersign_config_info\{/g)?.length, 1);
    } finally {
      await load.stop();
      await cluster.close();
    }
  });

  it("brings another issuer's keys to all workers before it is in force, with one fetch", async () => {
    const idp = await createTestIssuer({ serve: true });
    const cluster = await startCluster({ issuers, rest: PRIVATE, workers: 3 });
    try {
      const next = parseCluster({ issuers: [idp.validatorOptions()], rest: PRIVATE, workers: 3 });
      assert.equal((await cluster.reload(() => next)).result, "applied");
      const token = await idp.sign();
      for (let i = 0; i < 6; i++) assert.equal(await askDecision({ address: cluster.decision, token }), 200);
      assert.equal(idp.server?.countRequests("/jwks"), 1);
      const text = await read(cluster, "/metrics");
      assert.match(text, /countersign_validations_total\{issuer="127[^"]*",reason="ok",fault="none"\} 6/);
    } finally {
      await cluster.close();
      await idp.close();
    }
  });

  it("is refused whole where keys cannot be had, or a worker cannot prepare it, and all go on as before", async () => {
    const idp = await createTestIssuer({ serve: true });
    idp.server?.faults.set("*", { status: 500 });
    const cluster = await startCluster({ issuers, rest: PUBLIC, workers: 2 });
    try {
      const keyless = parseCluster({ issuers: [idp.validatorOptions()], rest: PRIVATE, workers: 2 });
      const outcome = await cluster.reload(() => keyless);
      assert.ok(outcome.result === "refused");
      assert.equal(outcome.problems[0]?.path, "issuers[0].keys");
      // An address that the primary itself listens on: no worker can have it.
      const listeners = `decision: "${cluster.addresses.admin}", admin: "127.0.0.1:0"`;
      const taken = await cluster.reload(() =>
        parseCluster({ issuers, rest: PRIVATE, workers: 2, listeners }),
      );
      assert.ok(taken.result === "refused");
      assert.match(taken.problems[0]?.problem ?? "", /EADDRINUSE/);
      for (let i = 0; i < 4; i++) assert.equal(await askDecision({ address: cluster.decision }), 200);
      assert.equal(
        (await cluster.reload(() => parseCluster({ issuers, rest: PRIVATE, workers: 2 }))).result,
        "applied",
      );
      for (let i = 0; i < 4; i++) assert.equal(await askDecision({ address: cluster.decision }), 401);
    } finally {
      await cluster.close();
      await idp.close();
    }
  });

  it("opens new listeners in all workers, and changes how many workers there are", async () => {
    const cluster = await startCluster({ issuers, rest: PUBLIC, workers: 2 });
    try {
      const listeners = 'decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0"';
      const more = parseCluster({ issuers, rest: PUBLIC, workers: 3, listeners });
      assert.equal((await cluster.reload(() => more)).result, "applied");
      await waitFor(async () => (await read(cluster, "/healthz/ready")).includes('"serving":3,"wanted":3'));
      assert.ok(cluster.log.some(({ fields }) => /"extAuthz":"127.0.0.1:\d+"/.test(JSON.stringify(fields))));
      assert.equal(await askDecision({ address: cluster.decision }), 200);
      const fewer = parseCluster({ issuers, rest: PUBLIC, workers: 1, listeners });
      const load = loadDecisions({ address: cluster.decision }, 6);
      assert.equal((await cluster.reload(() => fewer)).result, "applied");
      await waitFor(() => cluster.pids().length === 1);
      await load.stop();
      assert.ok(load.failures.every((count) => count === 0));
      assert.deepEqual(new Set(load.statuses), new Set([200]));
      assert.match(await read(cluster, "/metrics"), /worker_exits_total\{cause="crashed"\} 0/);
    } finally {
      await cluster.close();
    }
  });
});
