import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { startServer } from "../../src/serve.ts";
import { askDecision, loadDecisions } from "../kit/ask-decision.ts";
import type { Cluster } from "../kit/start-cluster.ts";
import { parseCluster, startCluster } from "../kit/start-cluster.ts";
import { waitFor } from "../kit/wait-for.ts";

const PUBLIC = "routes: [{ path: /**, allow: anonymous }]";
const PRIVATE = "routes: [{ path: /**, allow: authenticated }]";
const issuer = await createTestIssuer();
const issuers = [issuer.validatorOptions()];
const token = await issuer.sign();
after(() => issuer.close());

async function read({ addresses }: Pick<Cluster, "addresses">, path: string): Promise<string> {
  return (await fetch(`http://${addresses.admin}${path}`)).text();
}

async function metric(cluster: Cluster, name: string): Promise<number> {
  const text = await read(cluster, "/metrics");
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

describe("workers", () => {
  it("share a port, and each answers", async () => {
    const cluster = await startCluster({ issuers, rest: PRIVATE, workers: 2 });
    try {
      assert.equal(cluster.pids().length, 2);
      for (let i = 0; i < 20; i++) assert.equal(await askDecision({ address: cluster.decision, token }), 200);
      assert.equal(await metric(cluster, "countersign_decisions_total"), 20);
      assert.deepEqual([...cluster.decisionsBy.values()], [10, 10]);
      await waitFor(() => cluster.events.length === 20);
      assert.deepEqual(JSON.parse(await read(cluster, "/healthz/ready")).workers, { serving: 2, wanted: 2 });
      assert.equal(await metric(cluster, 'countersign_workers{state="serving"}'), 2);
    } finally {
      await cluster.close();
    }
    assert.equal(cluster.pids().length, 0);
  });

  it("share a Unix socket, also where a process that died left its file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-"));
    const path = join(folder, "decision.sock");
    const listeners = `decision: "unix:${path}", admin: "127.0.0.1:0"`;
    const rest = `${PRIVATE}\ntrustedProxies: [unix]`;
    const cluster = await startCluster({ issuers, rest, workers: 2, listeners });
    try {
      for (let i = 0; i < 8; i++) assert.equal(await askDecision({ address: cluster.decision, token }), 200);
      assert.equal(await metric(cluster, "countersign_decisions_total"), 8);
      assert.deepEqual([...cluster.decisionsBy.values()], [4, 4]);
    } finally {
      await cluster.close();
      await rm(folder, { recursive: true });
    }
  });

  it("leave nothing running where an address is taken, and the error names it", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const { port } = blocker.address() as AddressInfo;
    const listeners = `decision: "127.0.0.1:${port}", admin: "127.0.0.1:0"`;
    try {
      await assert.rejects(startCluster({ issuers, rest: PRIVATE, workers: 2, listeners }), (error) => {
        assert.ok(error instanceof Error && "code" in error);
        assert.match(error.message, new RegExp(`cannot listen on 127.0.0.1:${port} \\(EADDRINUSE\\)`));
        return error.code === "EADDRINUSE";
      });
    } finally {
      blocker.close();
    }
  });

  it("are not for options that other processes cannot have", async () => {
    const configuration = parseCluster({ issuers, rest: PRIVATE, workers: 2 });
    await assert.rejects(
      startServer(configuration, { clock: () => 0 }),
      /the option clock is for one process/,
    );
  });

  it("are none where one process is asked for, and then become several only with a restart", async () => {
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const server = await startServer(parseCluster({ issuers, rest: PRIVATE, workers: 1 }), {
      logger: silent,
      workers: "auto",
    });
    try {
      const outcome = await server.reload(() => parseCluster({ issuers, rest: PRIVATE, workers: 2 }));
      assert.ok(outcome.result === "refused");
      assert.deepEqual(
        outcome.problems.map(({ path }) => path),
        ["workers"],
      );
    } finally {
      await server.close();
    }
  });
});

describe("a worker that is killed under load", () => {
  it("costs no more than a request on each of its own connections, and is replaced; what it counted stays", async () => {
    const cluster = await startCluster({ issuers, rest: PRIVATE, workers: 2 });
    const connections = 16;
    const load = loadDecisions({ address: cluster.decision, token }, connections);
    try {
      await waitFor(() => load.statuses.length > 500);
      const [victim = assert.fail()] = cluster.pids();
      const before = await metric(cluster, "countersign_decisions_total");
      process.kill(victim, "SIGKILL");
      await waitFor(() => cluster.log.some(({ message }) => message === "a worker has ended"));
      const counts = [before, await metric(cluster, "countersign_decisions_total")];
      await waitFor(() => cluster.pids().length === 2 && !cluster.pids().includes(victim));
      await waitFor(async () => (await metric(cluster, 'countersign_workers{state="serving"}')) === 2);
      counts.push(await metric(cluster, "countersign_decisions_total"));
      await load.stop();
      // How many of the connections the victim had is the kernel's choice, and a client that comes back while the
      // process is taken apart may meet it once more.
      assert.ok(Math.max(...load.failures) <= 2, `failures by connection: ${load.failures.join(" ")}`);
      assert.deepEqual(new Set(load.statuses), new Set([200]));
      assert.deepEqual(
        counts,
        counts.toSorted((left, right) => left - right),
      );
      assert.equal(await metric(cluster, 'countersign_worker_exits_total{cause="crashed"}'), 1);
      // The new one has keys and serves.
      const reached = cluster.decisionsBy.size;
      for (let i = 0; i < 4; i++) assert.equal(await askDecision({ address: cluster.decision, token }), 200);
      await metric(cluster, "x");
      assert.equal(cluster.decisionsBy.size, Math.max(reached, 3));
    } finally {
      await load.stop();
      await cluster.close();
    }
  });
});

describe("a worker that is frozen", () => {
  it("holds up neither the others nor metrics, counts as missing, refuses a reload, and comes back", async () => {
    const cluster = await startCluster({ issuers, rest: PRIVATE, workers: 2 });
    const [frozen = assert.fail()] = cluster.pids();
    try {
      process.kill(frozen, "SIGSTOP");
      await waitFor(async () => (await metric(cluster, 'countersign_workers{state="serving"}')) === 1);
      assert.equal((await fetch(`http://${cluster.addresses.admin}/healthz/ready`)).status, 200);
      // At most one connection is handed to it before it is seen not to take any.
      const answers = await Promise.allSettled(
        Array.from({ length: 6 }, () => askDecision({ address: cluster.decision, token, timeoutMs: 1000 })),
      );
      const answered = answers.filter((answer) => answer.status === "fulfilled" && answer.value === 200);
      assert.ok(answered.length >= 5, `${answered.length} of 6 were answered`);
      const outcome = await cluster.reload(() => parseCluster({ issuers, rest: PUBLIC, workers: 2 }));
      assert.ok(outcome.result === "refused");
      assert.match(
        outcome.problems[0]?.problem ?? "",
        /^worker \d+ could not prepare .* it does not answer$/,
      );
      assert.equal(await askDecision({ address: cluster.decision, timeoutMs: 1000 }), 401);
    } finally {
      process.kill(frozen, "SIGCONT");
      await waitFor(async () => (await metric(cluster, 'countersign_workers{state="serving"}')) === 2);
      await cluster.close();
    }
  });
});
