import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { appendFile, copyFile, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { listTrailFiles } from "../../src/audit/chain/chain-files.ts";
import { type ChainReport, verifyChain } from "../../src/audit/chain/verify-chain.ts";
import { createEvent, createFolder, openChain, SIGNING_KEY } from "./kit.ts";

const EVENTS = Array.from({ length: 700 }, (_, index) => createEvent(index));

async function verify(active: string, isLive = false): Promise<ChainReport> {
  return verifyChain({ paths: await listTrailFiles(active), key: SIGNING_KEY, isLive });
}

async function writeRun(active: string, events = EVENTS.slice(0, 10)): Promise<void> {
  const { chain } = await openChain(active);
  for (let done = 0; done < events.length; done += 50) await chain.deliver(events.slice(done, done + 50));
  await chain.close();
}

test("a trail that nobody touched is whole, over runs and full files", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active, { maxBytes: 20_000 });
  for (let done = 0; done < 700; done += 50) await chain.deliver(EVENTS.slice(done, done + 50));
  await chain.close();
  await writeRun(active);
  const report = await verify(active);
  assert.deepEqual([report.problems, report.notes], [[], []]);
  assert.equal(report.events, 710);
  assert.ok((await listTrailFiles(active)).length > 5);
});

test("each record names the line before it, and heads are signed every 256 records", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active, EVENTS);
  const records = (await readFile(active, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { sequence: number; event: string; signature?: string });
  assert.deepEqual(
    records.map(({ sequence }) => sequence),
    records.map((_, index) => index + 1),
  );
  const signed = records.filter(({ signature }) => signature !== undefined).map(({ event }) => event);
  assert.deepEqual(signed, ["audit.opened", "audit.head", "audit.head", "audit.closed"]);
});

test("a crash in the middle of a line is told as that, and the next run goes on from the last whole line", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active);
  await chain.deliver(EVENTS.slice(0, 10));
  const { size } = await stat(active);
  await truncate(active, size - 7);
  const { chain: next, notices } = await openChain(active);
  await next.close();
  const report = await verify(active);
  assert.deepEqual(report.problems, []);
  assert.equal(report.notes.length, 1);
  assert.equal(report.events, 9);
  assert.equal(notices.length, 1);
  await chain.close();
});

test("the end of a file that a later run knew of cannot be cut off", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active);
  await writeRun(active);
  const [first = ""] = await listTrailFiles(active);
  const lines = (await readFile(first, "utf8")).split("\n");
  await writeFile(first, `${lines.slice(0, 5).join("\n")}\n`);
  const { problems } = await verify(active);
  assert.deepEqual([problems[0]?.kind, problems[0]?.file, problems[0]?.line], ["unclosed", first, 5]);
});

test("a file that is missing between others, and the newest one, are missed", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active, { maxBytes: 20_000 });
  for (let done = 0; done < 300; done += 50) await chain.deliver(EVENTS.slice(done, done + 50));
  await chain.close();
  const [, second = ""] = await listTrailFiles(active);
  await rename(second, folder.file("elsewhere"));
  assert.deepEqual(
    (await verify(active)).problems.map(({ kind }) => kind),
    ["missing_file"],
  );
  await rename(folder.file("elsewhere"), second);
  await rm(active);
  assert.deepEqual(
    (await verify(active)).problems.map(({ kind }) => kind),
    ["missing_file"],
  );
});

test("lines that somebody chained anew without the key are found by the next head, back to the last good one", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active, EVENTS);
  const forged = folder.file("forged.jsonl");
  const { chain } = await openChain(forged, { signingKey: generateKeyPairSync("ed25519").privateKey });
  await chain.deliver(EVENTS.slice(5, 20));
  await chain.close();
  const report = await verifyChain({ paths: [forged], key: SIGNING_KEY, isLive: false });
  assert.ok(report.problems.some(({ kind }) => kind === "other_key"));
  assert.ok(report.problems.some(({ kind }) => kind === "rewritten"));
});

test("what was removed while the sidecar wrote is found by an anchor that was kept elsewhere", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active);
  const copy = folder.file("copy.jsonl");
  await copyFile(active, copy);
  await writeRun(active);
  const { end } = await verify(active);
  assert.ok(end !== undefined);
  const whole = await verifyChain({
    paths: await listTrailFiles(active),
    key: SIGNING_KEY,
    isLive: false,
    anchor: end,
  });
  assert.deepEqual(whole.problems, []);
  const cut = await verifyChain({ paths: [copy], key: SIGNING_KEY, isLive: false, anchor: end });
  assert.deepEqual(
    cut.problems.map(({ kind }) => kind),
    ["anchor"],
  );
});

test("lines that somebody appends, moves away or cuts while the sidecar writes begin a new file, and are found", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain, notices } = await openChain(active);
  await chain.deliver(EVENTS.slice(0, 5));
  await appendFile(active, '{"sequence":7,"previous":"","event":"token.accepted"}\n');
  await chain.deliver(EVENTS.slice(5, 10));
  await rename(active, folder.file("moved"));
  await chain.deliver(EVENTS.slice(10, 15));
  await chain.close();
  assert.equal(notices.length, 2);
  const { problems, events } = await verify(active);
  assert.ok(problems.length > 0);
  assert.equal(problems[0]?.line, 7);
  assert.ok(problems.some(({ kind }) => kind === "missing_file"));
  assert.equal(events, 11);
});

test("a trail that is being written is whole with the last lines unsigned, and not taken for closed", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active);
  await chain.deliver(EVENTS.slice(0, 5));
  const [live, closed] = await Promise.all([verify(active, true), verify(active)]);
  await chain.close();
  assert.deepEqual(live.problems, []);
  assert.match(live.notes[0]?.detail ?? "", /last 5 lines/);
  assert.deepEqual(
    closed.problems.map(({ kind }) => kind),
    ["unclosed"],
  );
});

test("a file of somebody else is not written over", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeFile(active, "precious\n");
  await assert.rejects(openChain(active), /something else/);
  assert.equal(await readFile(active, "utf8"), "precious\n");
});

test("no more files are kept than were asked for", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const { chain } = await openChain(active, { maxBytes: 5000, keepFiles: 2 });
  for (let done = 0; done < 700; done += 50) await chain.deliver(EVENTS.slice(done, done + 50));
  await chain.close();
  assert.equal((await listTrailFiles(active)).length, 3);
  assert.deepEqual((await verify(active)).problems, []);
});

test("a signature that is spelled in another way, for the same octets, is none of ours", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active);
  const text = await readFile(active, "utf8");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const [, last = "A"] = /(.)"\}\n$/.exec(text) ?? [];
  // The last character holds two bits of the signature, and four that say nothing.
  const other = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
  await writeFile(active, text.replace(/.("\}\n)$/, `${other}$1`));
  const { problems } = await verify(active);
  assert.equal(problems[0]?.line, text.trimEnd().split("\n").length);
});

test("the public half of the key is enough to verify", async () => {
  await using folder = await createFolder();
  const active = folder.file("audit.jsonl");
  await writeRun(active);
  const key = createPublicKey(SIGNING_KEY);
  const { problems } = await verifyChain({ paths: await listTrailFiles(active), key, isLive: false });
  assert.deepEqual(problems, []);
});
