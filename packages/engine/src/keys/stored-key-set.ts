/** The last good key set as it survives a restart. What is read is trusted no more than an answer of the source. */

import type { KeysFrom } from "./key-location.ts";
import { readJsonObject } from "./read-key-document.ts";

const VERSION = 1;
/** Members around the document, and the escapes that quoting it can add. */
const OVERHEAD_CHARACTERS = 8192;

export interface StoredKeySet {
  /** Milliseconds since the epoch at which the source last confirmed the document. */
  readonly fetchedAt: number;
  /** The document as the source gave it. */
  readonly text: string;
}

export interface StoredFor {
  readonly issuer: string;
  readonly source: KeysFrom;
}

/** The text to store. It names issuer and source, so that a store shared by mistake gives nobody another's keys. */
export function writeStoredKeySet(stored: StoredKeySet, owner: StoredFor): string {
  const { fetchedAt, text } = stored;
  return JSON.stringify({
    version: VERSION,
    issuer: owner.issuer,
    source: nameSource(owner),
    fetchedAt,
    document: text,
  });
}

/** What was stored for this issuer and source, or what is wrong with it. Whether it is young enough is not judged here. */
export function readStoredKeySet(
  content: string,
  {
    owner,
    maxBytes,
    nowMs,
  }: { readonly owner: StoredFor; readonly maxBytes: number; readonly nowMs: number },
): StoredKeySet | { readonly problem: string } {
  if (content.length > 2 * maxBytes + OVERHEAD_CHARACTERS)
    return { problem: "it is larger than maxBytes allows" };
  // The document is one JSON string inside, and may be longer than strings in key sets are.
  const read = readJsonObject(content, 2 * maxBytes);
  if ("problem" in read) return { problem: read.problem };
  const { version, issuer, source, fetchedAt, document } = read.value as Readonly<Record<string, unknown>>;
  if (version !== VERSION) return { problem: `expected version ${VERSION}` };
  if (issuer !== owner.issuer || source !== nameSource(owner))
    return { problem: "it is of another issuer or source" };
  if (typeof fetchedAt !== "number" || !(fetchedAt <= nowMs))
    return { problem: "fetchedAt is no time in the past" };
  if (typeof document !== "string") return { problem: "it holds no document" };
  return { fetchedAt, text: document };
}

function nameSource({ source }: StoredFor): string {
  return "jwksUri" in source ? source.jwksUri : "discovery";
}
