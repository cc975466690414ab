import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { AuditDraft, AuditEvent } from "../../src/audit/audit-event.ts";
import { ChainFile, type ChainFileSetup, type ChainNotice } from "../../src/audit/chain/chain-file.ts";

export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  file(name: string): string;
}

export async function createFolder(): Promise<TestFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-audit-"));
  return {
    path: folder,
    file: (name) => path.join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

export const SIGNING_KEY: KeyObject = generateKeyPairSync("ed25519").privateKey;

export function createEvent(serial: number, facts: Partial<AuditEvent> = {}): AuditEvent {
  return {
    v: 1,
    time: new Date(1_800_000_000_000 + serial).toISOString(),
    event: "token.rejected",
    severity: 5,
    outcome: "failure",
    instance: "test",
    version: "0",
    reason: "token_expired",
    path: `/orders/${serial}`,
    ...facts,
  };
}

export function createDraft(serial: number, facts: Partial<AuditDraft> = {}): AuditDraft {
  return { event: "token.rejected", timeMs: 1_800_000_000_000 + serial, reason: "token_expired", ...facts };
}

export interface TestChain {
  readonly chain: ChainFile;
  readonly notices: readonly ChainNotice[];
}

export async function openChain(file: string, setup: Partial<ChainFileSetup> = {}): Promise<TestChain> {
  const notices: ChainNotice[] = [];
  const chain = await ChainFile.open({
    path: file,
    maxBytes: 1_000_000,
    keepFiles: 0,
    signingKey: SIGNING_KEY,
    clock: Date.now,
    onNotice: (notice) => notices.push(notice),
    ...setup,
  });
  return { chain, notices };
}
