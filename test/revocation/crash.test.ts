/** Real processes that die: what the API acknowledged is refused by whoever comes after. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";
import { skipWithoutRedis, startRedis } from "../../packages/server/test/kit/start-redis.ts";
import { killAmidRevocations } from "../drills/revocation/crash.ts";

const COUNT = 400;

async function assertNothingLost(describeStore: (folder: string) => object): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-crash-"));
  try {
    const issuer = await createTestIssuer({ algorithms: ["ES256"] });
    const store = describeStore(folder);
    const crashed = await killAmidRevocations({ issuer, store, folder, count: COUNT, kills: 2 });
    assert.deepEqual(crashed, { acknowledged: COUNT, kills: 3, lost: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("a sidecar that is killed in the middle of revocations", () => {
  it("loses none that it acknowledged in a SQLite file", async () => {
    await assertNothingLost((folder) => ({ sqlite: path.join(folder, "revocations.db") }));
  });

  it("loses none that it acknowledged in Redis", { skip: skipWithoutRedis() }, async () => {
    const redis = await startRedis();
    try {
      await assertNothingLost(() => ({ redis: { urls: [redis.url] } }));
    } finally {
      await redis.stop();
    }
  });
});
