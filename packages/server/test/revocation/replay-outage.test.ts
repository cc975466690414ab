/** A real Redis that dies: what becomes of tokens for one use, on a route with an exception and on one without. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import { skipWithoutRedis, startRedis, type TestRedis } from "../kit/start-redis.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

const EXCEPTION_SECONDS = 3;
const ROUTES = `
routes:
  - { path: "/strict/**", allow: authenticated, singleUse: true }
  - { path: "/pay/**", allow: authenticated, singleUse: true, localReplaySeconds: ${EXCEPTION_SECONDS} }
`;

async function ask({ decision }: Sidecar, target: string, token: string): Promise<number> {
  const response = await fetch(`http://${decision}/authz`, {
    headers: {
      authorization: `Bearer ${token}`,
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "api.example.com",
      "x-forwarded-uri": target,
    },
  });
  await response.arrayBuffer();
  return response.status;
}

for (const workers of [1, 2]) {
  describe(`the replay store of a sidecar of ${workers} process${workers === 1 ? "" : "es"} dies`, {
    skip: skipWithoutRedis(),
  }, () => {
    let redis: TestRedis;
    let issuer: TestIssuer;
    let sidecar: Sidecar;
    let other: Sidecar;

    const start = (count: number): Promise<Sidecar> =>
      startSidecar({
        issuers: [issuer.validatorOptions()],
        rest: `workers: ${count}\nreplay: { store: { redis: { urls: ["${redis.url}"], timeoutMs: 300 } } }\n${ROUTES}`,
        listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
      });
    const sign = (jti: string): Promise<string> => issuer.sign({ sub: "alice", jti });
    const metrics = async (): Promise<string> =>
      (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();

    before(async () => {
      redis = await startRedis();
      issuer = await createTestIssuer();
      [sidecar, other] = await Promise.all([start(workers), start(1)]);
    });
    after(async () => {
      await Promise.all([sidecar?.close(), other?.close()]);
      await redis?.stop();
    });

    it("and the exception lets each token pass once here, for its seconds; without one nothing passes", async () => {
      const used = await sign("used-before");
      assert.equal(await ask(sidecar, "/pay/1", used), 200);
      await redis.kill();
      assert.equal(await ask(sidecar, "/strict/1", await sign("strict")), 503);
      const token = await sign("during");
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(sidecar, "/pay/1", token)));
      assert.equal(answers.filter((status) => status === 200).length, 1, answers.join(" "));
      assert.deepEqual(new Set(answers), new Set([200, 401]));
      assert.equal(await ask(sidecar, "/pay/1", used), 401);
      let tries = 0;
      await waitFor(async () => (await ask(sidecar, "/pay/1", await sign(`late-${tries++}`))) === 503);
      assert.equal(await ask(sidecar, "/pay/1", await sign("late")), 503);
    });

    it("which is in the log, each use of it, and in the metrics", async () => {
      const lines = sidecar.log.filter(({ message }) => message.startsWith("a first use was accepted"));
      assert.ok(lines.length > 0);
      for (const { level, fields } of lines) {
        const { route, seconds, use } = fields as { route: string; seconds: number; use: string };
        assert.deepEqual([level, route, seconds], ["warn", "/pay/**", EXCEPTION_SECONDS]);
        assert.match(use, /^[\w-]{16}$/);
      }
      assert.ok(sidecar.log.some(({ message }) => message === "the replay store does not answer"));
      await waitFor(async () => {
        const text = await metrics();
        return (
          /countersign_replay_exceptions_total\{outcome="accepted"\} [1-9]/.test(text) &&
          /countersign_replay_exceptions_total\{outcome="over"\} [1-9]/.test(text) &&
          /countersign_replay_store_lost 1/.test(text)
        );
      });
    });

    it("until it is back, and everybody knows what was used meanwhile", async () => {
      const token = await sign("during");
      await redis.start();
      let tries = 0;
      await waitFor(async () => (await ask(sidecar, "/pay/1", await sign(`back-${tries++}`))) === 200);
      assert.equal(await ask(sidecar, "/strict/1", token), 401);
      await waitFor(async () => sidecar.log.some(({ message }) => message.endsWith("answers again")));
      await waitFor(async () => {
        const found = (await redis.command("DBSIZE")) as number;
        return found > tries;
      });
      await waitFor(async () => (await ask(other, "/strict/1", await sign(`other-${tries++}`))) === 200);
      assert.equal(await ask(other, "/strict/1", token), 401);
      await waitFor(async () => /countersign_replay_store_lost 0/.test(await metrics()));
    });
  });
}
