import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { TestIssuer } from "countersign/testing";
import { createTestIssuer } from "countersign/testing";
import { askDecision } from "../kit/ask-decision.ts";
import type { Cluster } from "../kit/start-cluster.ts";
import { startCluster } from "../kit/start-cluster.ts";
import { waitFor } from "../kit/wait-for.ts";

const PRIVATE = "routes: [{ path: /**, allow: authenticated }]";
const WORKERS = 4;

interface KeyedCluster {
  readonly idp: TestIssuer;
  readonly cluster: Cluster;
  /** Each in turn is asked by a connection of its own: the number of workers reaches all of them. */
  ask(token: string, count?: number): Promise<readonly number[]>;
  fetches(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

async function startKeyed(keys: object = {}): Promise<KeyedCluster> {
  const idp = await createTestIssuer({ serve: true });
  const options = idp.validatorOptions();
  const issuers = [{ ...options, keys: { ...options.keys, ...keys } }];
  const cluster = await startCluster({ issuers, rest: PRIVATE, workers: WORKERS });
  return {
    idp,
    cluster,
    ask: (token, count = WORKERS) =>
      Promise.all(Array.from({ length: count }, () => askDecision({ address: cluster.decision, token }))),
    fetches: () => idp.server?.countRequests("/jwks") ?? 0,
    async [Symbol.asyncDispose]() {
      await cluster.close();
      await idp.close();
    },
  };
}

/** A signed token whose header names a key that nobody publishes. */
async function signUnknown(idp: TestIssuer, keyId: string): Promise<string> {
  const [header = "", ...rest] = (await idp.sign()).split(".");
  const changed = { ...JSON.parse(Buffer.from(header, "base64url").toString()), kid: keyId };
  return [Buffer.from(JSON.stringify(changed)).toString("base64url"), ...rest].join(".");
}

const ALL_OK = Array.from({ length: WORKERS }, () => 200);

describe("four workers with one issuer", () => {
  it("cause one fetch at the start, and none with good tokens", async () => {
    await using keyed = await startKeyed();
    const { ask, idp, fetches } = keyed;
    await waitFor(() => fetches() === 1);
    const token = await idp.sign();
    assert.deepEqual(await ask(token), ALL_OK);
    assert.equal(new Set(await ask(token, 40)).size, 1);
    assert.equal(fetches(), 1);
  });

  it("cause one fetch a rotation: the new key verifies in all of them, and the old one still does", async () => {
    await using keyed = await startKeyed();
    const { ask, idp, fetches } = keyed;
    const old = await idp.sign();
    assert.deepEqual(await ask(old), ALL_OK);
    await idp.rotate("RS256");
    const rotated = await idp.sign();
    assert.deepEqual(await ask(rotated), ALL_OK);
    assert.deepEqual(await ask(rotated), ALL_OK);
    assert.deepEqual(await ask(old), ALL_OK);
    assert.equal(fetches(), 2);
  });

  it("cause one fetch a cooldown in a flood of unknown kids: 401 where that proved it, else 503", async () => {
    await using keyed = await startKeyed();
    const { ask, idp, fetches } = keyed;
    assert.deepEqual(await ask(await idp.sign()), ALL_OK);
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, i) => signUnknown(idp, `x${i}`)));
    const answers = (await Promise.all(tokens.map((token) => ask(token, 2)))).flat();
    for (const status of answers) assert.ok(status === 401 || status === 503, String(status));
    assert.ok(fetches() <= 3, `${fetches()} fetches`);
    // What one worker has learned of a kid holds in all of them.
    const proven = tokens[answers.indexOf(401) >> 1] ?? assert.fail("none was proved unknown");
    assert.deepEqual(new Set(await ask(proven, 8)), new Set([401]));
    const later = await signUnknown(idp, "later");
    assert.deepEqual(new Set(await ask(later, 8)), new Set([503]));
    assert.ok(fetches() <= 3, `${fetches()} fetches`);
  });

  it("are told of every refresh, and cause one fetch each time", async () => {
    await using keyed = await startKeyed({ minRefreshSeconds: 1, maxRefreshSeconds: 1 });
    const { ask, idp, cluster, fetches } = keyed;
    const token = await idp.sign();
    assert.deepEqual(await ask(token), ALL_OK);
    await waitFor(() => fetches() >= 3);
    const text = await (await fetch(`http://${cluster.addresses.admin}/metrics`)).text();
    const fetched = /jwks_fetches_total\{[^}]*result="success"\} (\d+)/.exec(text)?.[1];
    assert.ok(Math.abs(Number(fetched) - fetches()) <= 1, `${fetched} of ${fetches()}`);
    assert.deepEqual(await ask(token), ALL_OK);
  });

  it("use the copy while the source fails, and are ready again with it", async () => {
    await using keyed = await startKeyed({ minRefreshSeconds: 1, maxRefreshSeconds: 1, maxStaleSeconds: 60 });
    const { ask, idp } = keyed;
    const token = await idp.sign();
    assert.deepEqual(await ask(token), ALL_OK);
    idp.server?.faults.set("*", { status: 500 });
    await waitFor(() => keyed.cluster.log.some(({ message }) => /could not be fetched/.test(message)));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.deepEqual(await ask(token), ALL_OK);
  });

  it("answer 503 until there are keys, and 200 once there are, without another start", async () => {
    const idp = await createTestIssuer({ serve: true });
    idp.server?.faults.set("*", { status: 500 });
    const cluster = await startCluster({ issuers: [idp.validatorOptions()], rest: PRIVATE, workers: 2 });
    try {
      const token = await idp.sign();
      assert.equal(await askDecision({ address: cluster.decision, token }), 503);
      assert.equal((await fetch(`http://${cluster.addresses.admin}/healthz/ready`)).status, 503);
      idp.server?.faults.clear();
      await waitFor(
        async () => (await fetch(`http://${cluster.addresses.admin}/healthz/ready`)).status === 200,
      );
      for (let i = 0; i < 4; i++) assert.equal(await askDecision({ address: cluster.decision, token }), 200);
    } finally {
      await cluster.close();
      await idp.close();
    }
  });
});
