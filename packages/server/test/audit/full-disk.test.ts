import assert from "node:assert/strict";
import { type FileHandle, open, readdir, readlink } from "node:fs/promises";
import { test } from "node:test";

import { listTrailFiles } from "../../src/audit/chain/chain-files.ts";
import { verifyChain } from "../../src/audit/chain/verify-chain.ts";
import { askDecision } from "../kit/ask-decision.ts";
import { waitFor } from "../kit/wait-for.ts";
import { startAudited } from "./audited-sidecar.ts";
import { createEvent, createFolder, openChain, SIGNING_KEY } from "./kit.ts";

const WITHOUT_PROC =
  process.platform === "linux" ? false : "descriptors are listed under /proc on Linux only";

/** The class of file handles, which node does not export. */
async function findHandleClass(): Promise<Pick<FileHandle, "write">> {
  const handle = await open(import.meta.filename, "r");
  await handle.close();
  return Object.getPrototypeOf(handle) as Pick<FileHandle, "write">;
}

function diskFull(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}

test("a disk that is full in the middle of a line leaves no half line, and the trail goes on when there is room", async (t) => {
  const handles = await findHandleClass();
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active);
  await chain.deliver([createEvent(1)]);
  const write = handles.write as (
    this: FileHandle,
    octets: Buffer,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ bytesWritten: number }>;
  let room = 40;
  const faulty = t.mock.method(
    handles as { write: typeof write },
    "write",
    function (this: FileHandle, octets: Buffer, offset: number, length: number, position: number) {
      if (room === 0) return Promise.reject(diskFull());
      const part = Math.min(room, length);
      room -= part;
      return write.call(this, octets, offset, part, position);
    },
  );
  await assert.rejects(chain.deliver([createEvent(2)]), /ENOSPC/);
  assert.deepEqual((await verifyChain({ paths: [active], key: SIGNING_KEY, isLive: true })).problems, []);
  faulty.mock.restore();
  await chain.deliver([createEvent(2)]);
  await chain.close();
  const { problems, events } = await verifyChain({
    paths: await listTrailFiles(active),
    key: SIGNING_KEY,
    isLive: false,
  });
  assert.deepEqual([problems, events], [[], 2]);
});

test("a file whose end cannot be written is let go of all the same", { skip: WITHOUT_PROC }, async (t) => {
  const handles = await findHandleClass();
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active);
  assert.equal(await countOpen(active), 1);
  t.mock.method(handles as { write(): Promise<unknown> }, "write", () => Promise.reject(diskFull()));
  await assert.rejects(chain.close(), /ENOSPC/);
  assert.equal(await countOpen(active), 0);
});

test("a disk that stays full holds up no decision, is counted, logged and told once there is room", async (t) => {
  const handles = await findHandleClass();
  await using audited = await startAudited({ audit: "queueEvents: 16, acceptances: all" });
  const { sidecar, issuer } = audited;
  const faulty = t.mock.method(handles, "write", () => Promise.reject(diskFull()));
  const token = await issuer.sign();
  for (let count = 0; count < 60; count++) {
    assert.equal(await askDecision({ address: sidecar.decision, token }), 200);
  }
  const metrics = await (await fetch(`http://${sidecar.addresses.admin}/metrics`)).text();
  const dropped = Number(
    /countersign_audit_events_total\{output="file",result="dropped"\} (\d+)/.exec(metrics)?.[1],
  );
  assert.ok(dropped >= 40, String(dropped));
  assert.ok(sidecar.log.some(({ level, message }) => level === "error" && /were lost/.test(message)));
  assert.ok(sidecar.log.some(({ message }) => /could not be delivered/.test(message)));
  faulty.mock.restore();
  await waitFor(async () => (await audited.events()).some(({ event }) => event === "audit.lost"));
  const { problems } = await audited.finish();
  assert.deepEqual(problems, []);
  const lost = (await audited.events()).filter(({ event }) => event === "audit.lost");
  assert.equal(
    lost.reduce((sum, { count = 0 }) => sum + count, 0),
    dropped,
  );
});

/** Descriptors of this process that stand for the file. */
async function countOpen(path: string): Promise<number> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target === path).length;
}
