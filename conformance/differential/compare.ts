import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createCorpus } from "./corpus.ts";
import type { CorpusCase } from "./corpus-case.ts";
import { createCorpusKeys } from "./corpus-keys.ts";
import { createOurs, createPeers, PEER_NAMES, type PeerName } from "./peers.ts";

export interface ComparedCase extends CorpusCase {
  readonly group: string;
  /** Our reason, or "ok". */
  readonly found: string;
  readonly acceptedBy: readonly PeerName[];
}

/** Asks our engine and every peer about every token of the corpus. */
export async function compareCorpus(): Promise<readonly ComparedCase[]> {
  const keys = createCorpusKeys();
  const ours = createOurs(keys);
  const peers = createPeers(keys);
  const compared: ComparedCase[] = [];
  for (const { title, cases } of createCorpus(keys)) {
    for (const entry of cases) {
      const verdict = await ours.validate(entry.token);
      const acceptedBy: PeerName[] = [];
      for (const name of PEER_NAMES) if (await peers[name](entry.token)) acceptedBy.push(name);
      compared.push({ ...entry, group: title, found: verdict.ok ? "ok" : verdict.reason, acceptedBy });
    }
  }
  return compared;
}

/** The installed version of a peer. */
export function readVersion(name: PeerName): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version?: unknown };
  assert.ok(typeof version === "string");
  return version;
}
