import assert from "node:assert/strict";
import cluster from "node:cluster";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { callApi } from "../kit/call-api.ts";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const ROUTES = `
routes:
  - { path: "/**", allow: authenticated }
  - { path: "/fresh", allow: authenticated, revocation: fresh }
  - { path: "/open", allow: anonymous }
`;

async function ask(decision: string, target: string, token: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "api.example.com",
    "x-forwarded-uri": target,
  };
  const response = await fetch(`http://${decision}/authz`, { headers });
  await response.arrayBuffer();
  return response.status;
}

async function isReady({ addresses }: Sidecar): Promise<boolean> {
  const response = await fetch(`http://${addresses.admin}/healthz/ready`);
  await response.arrayBuffer();
  return response.status === 200;
}

describe("a sidecar whose Redis is away", { skip: skipWithoutRedis() }, () => {
  let folder: string;
  let issuer: TestIssuer;
  let redis: TestRedis;
  let tokenFile: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-lost-"));
    tokenFile = path.join(folder, "t");
    issuer = await createTestIssuer();
    redis = await startRedis();
  });
  after(async () => {
    await redis.stop();
    await rm(folder, { recursive: true });
  });

  const start = (rest = ""): Promise<Sidecar> =>
    startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `revocation: { store: { redis: { urls: ["${redis.url}"], timeoutMs: 2000 } }, maxStaleSeconds: 1${rest} }\napi: { tokenFile: "${tokenFile}" }\n${ROUTES}`,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });

  it("refuses what it knows, then all where freshness is demanded, and catches up without a gap", async () => {
    const sidecar = await start(", readiness: fresh");
    const other = await start();
    try {
      const token = (await readFile(tokenFile, "utf8")).trim();
      const caller = (asked: Sidecar) => ({ admin: asked.addresses.admin, token });
      const good = await issuer.sign({ sub: "alice", jti: "l-good" });
      const bad = await issuer.sign({ sub: "alice", jti: "l-bad" });
      await waitFor(async () => (await isReady(sidecar)) && (await isReady(other)));
      assert.equal(
        (await callApi(caller(other), "/revocations", { body: { token: bad, reason: "x" } })).status,
        201,
      );
      await waitFor(async () => (await ask(sidecar.decision, "/a", bad)) === 401);
      await redis.kill();
      await waitFor(async () => (await ask(sidecar.decision, "/fresh", good)) === 503);
      assert.equal(await ask(sidecar.decision, "/a", good), 200);
      assert.equal(await ask(sidecar.decision, "/a", bad), 401);
      assert.equal(await ask(sidecar.decision, "/fresh", bad), 401);
      assert.equal(await isReady(sidecar), false);
      const refused = await callApi(caller(sidecar), "/revocations", { body: { token: good, reason: "x" } });
      assert.deepEqual([refused.status, refused.json["code"]], [503, "store_unavailable"]);
      await redis.start();
      await waitFor(async () => (await ask(sidecar.decision, "/fresh", good)) === 200);
      assert.equal(await ask(sidecar.decision, "/fresh", bad), 401);
      await waitFor(() => isReady(sidecar));
      await waitFor(async () => {
        const metrics = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
        return /countersign_revocation_canary_issued_timestamp_seconds \d/.test(metrics);
      });
    } finally {
      await sidecar.close();
      await other.close();
    }
  });

  it("accepts nothing where it never knew anything, and begins once the feed is there", async () => {
    await redis.kill();
    const sidecar = await start();
    try {
      const bad = await issuer.sign({ sub: "alice", jti: "l-bad" });
      const good = await issuer.sign({ sub: "alice", jti: "l-good" });
      for (const token of [bad, good]) assert.equal(await ask(sidecar.decision, "/a", token), 503);
      assert.equal(await ask(sidecar.decision, "/open", good), 200);
      assert.equal(await isReady(sidecar), false);
      await redis.start();
      await waitFor(async () => (await ask(sidecar.decision, "/a", good)) === 200);
      assert.equal(await ask(sidecar.decision, "/a", bad), 401);
    } finally {
      await sidecar.close();
    }
  });
});

describe("workers that follow the feed of their primary", () => {
  it("are waited for while they stand still, catch up, and begin with all of it where they are new", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-frozen-"));
    const issuer = await createTestIssuer();
    const tokenFile = path.join(folder, "t");
    const sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `workers: 2\nrevocation: {}\napi: { tokenFile: "${tokenFile}" }\n${ROUTES}`,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    try {
      const token = (await readFile(tokenFile, "utf8")).trim();
      const call = (target: string, body?: object) =>
        callApi({ admin: sidecar.addresses.admin, token }, target, body && { body });
      const applied = async (): Promise<number> => {
        const { instances } = (await call("/instances")).json as { instances: { position: number }[] };
        return instances[0]?.position ?? -1;
      };
      const countServing = async (): Promise<number> => {
        const health = await fetch(`http://${sidecar.addresses.admin}/healthz/ready`);
        return ((await health.json()) as { workers: { serving: number } }).workers.serving;
      };
      const pids = Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid ?? -1);
      assert.equal(pids.length, 2);
      const [frozen = -1, other = -1] = pids;
      process.kill(frozen, "SIGSTOP");
      const bad = await issuer.sign({ sub: "alice", jti: "w-bad" });
      const { position } = (await call("/revocations", { token: bad, reason: "x" })).json as {
        position: number;
      };
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.ok((await applied()) < position, "the instance counts as behind while one of its workers is");
      process.kill(frozen, "SIGCONT");
      await waitFor(async () => (await applied()) >= position);
      process.kill(other, "SIGKILL");
      await waitFor(() =>
        Object.values(cluster.workers ?? {}).every((worker) => worker?.process.pid !== other),
      );
      await waitFor(async () => (await countServing()) === 2);
      // Handed out in turn: both of them are asked.
      for (let tries = 0; tries < 10; tries++) assert.equal(await ask(sidecar.decision, "/a", bad), 401);
    } finally {
      await sidecar.close();
      await rm(folder, { recursive: true });
    }
  });
});
