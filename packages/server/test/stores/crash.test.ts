/** What was acknowledged is there after the crash of whoever wrote it, and of Redis itself. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { RedisRevocationStore } from "../../src/stores/redis-revocation-store.ts";
import { MAX_PAGE, type RevocationStore } from "../../src/stores/revocation-store.ts";
import { SqliteRevocationStore } from "../../src/stores/sqlite-revocation-store.ts";
import { skipWithoutRedis, startRedis } from "../kit/start-redis.ts";
import { createRevocation } from "./sample-revocations.ts";

const APPENDS = 10_000;

async function readIds(store: RevocationStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after = 0; ; ) {
    const { records } = await store.read({ after, limit: MAX_PAGE });
    for (const { change } of records) ids.push(change?.type === "revoked" ? change.revocation.id : "?");
    after = records.at(-1)?.position ?? after;
    if (records.length < MAX_PAGE) return ids;
  }
}

/** Runs `append-and-tell.ts`, and gives what it said until it ended by itself or was killed after so many. */
async function appendInProcess(
  file: string,
  { from, killAfter }: { readonly from: number; readonly killAfter: number },
): Promise<readonly string[]> {
  const script = path.join(import.meta.dirname, "append-and-tell.ts");
  const parameters = [
    "--conditions=@countersign/source",
    "--no-warnings",
    script,
    file,
    `${from}`,
    `${APPENDS}`,
  ];
  const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: string[] = [];
  for await (const id of createInterface(child.stdout)) {
    acknowledged.push(id);
    if (acknowledged.length === killAfter) child.kill("SIGKILL");
  }
  await exited;
  return acknowledged;
}

describe("acknowledged revocations", () => {
  it("are all in the file after their writer was killed in the middle of 10,000", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-crash-"));
    const file = path.join(folder, "revocations.db");
    try {
      const first = await appendInProcess(file, { from: 0, killAfter: 4000 });
      assert.ok(first.length >= 4000 && first.length < APPENDS, `${first.length} before the crash`);
      const store = new SqliteRevocationStore({ path: file });
      const kept = new Set(await readIds(store));
      assert.deepEqual(
        first.filter((id) => !kept.has(id)),
        [],
      );
      // The one that was on its way may be there or not; none is there twice.
      assert.ok(kept.size <= first.length + 1);
      await appendInProcess(file, { from: first.length, killAfter: Number.POSITIVE_INFINITY });
      const ids = await readIds(store);
      assert.equal(ids.length, APPENDS);
      assert.equal(new Set(ids).size, APPENDS);
      await store.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("are all in Redis after it was killed in the middle of 10,000", {
    skip: skipWithoutRedis(),
  }, async () => {
    const redis = await startRedis();
    const store = new RedisRevocationStore({ urls: [redis.url], timeoutMs: 30_000 });
    try {
      const revocations = Array.from({ length: APPENDS }, () => createRevocation());
      const acknowledged: string[] = [];
      let next = 0;
      let crash: Promise<unknown> | undefined;
      const write = async (): Promise<void> => {
        for (
          let revocation = revocations[next++];
          revocation !== undefined;
          revocation = revocations[next++]
        ) {
          await store.append([revocation]);
          acknowledged.push(revocation.id);
          if (acknowledged.length >= 4000) crash ??= crashAndCheck();
        }
      };
      const crashAndCheck = async (): Promise<void> => {
        await redis.kill();
        const before = [...acknowledged];
        await redis.start();
        const reader = new RedisRevocationStore({ urls: [redis.url], timeoutMs: 30_000 });
        const kept = new Set(await readIds(reader));
        await reader.close();
        assert.deepEqual(
          before.filter((id) => !kept.has(id)),
          [],
        );
      };
      await Promise.all(Array.from({ length: 50 }, write));
      await crash;
      assert.ok(crash !== undefined);
      const ids = await readIds(store);
      assert.equal(ids.length, APPENDS);
      assert.deepEqual(new Set(ids), new Set(acknowledged));
    } finally {
      await store.close();
      await redis.stop();
    }
  });
});
