/**
 * What is remembered of tokens, by their whole text, in bounded memory. A token is let in when it comes for the second
 * time ("cache on second hit", Maggs and Sitaraman 2015), so that tokens that come once cost nothing and wash nothing
 * out; and the oldest goes first, unless it was asked for since it was last in turn (CLOCK, Corbató 1969).
 */

import { copyText } from "../token/copy-text.ts";
import { EntryQueue, type QueueEntry } from "./entry-queue.ts";

export interface TokenMemoryLimits {
  readonly maxEntries: number;
  /** Of the texts, with `ENTRY_BYTES` for what is remembered of each. */
  readonly maxBytes: number;
}

/** What an entry counts for beside its text: as much as sixteen claims take. */
export const ENTRY_BYTES = 1024;

/** Uses that are counted; more say nothing new. */
const MAX_USES = 3;
/** Most entries that stay for their uses before the next one goes whatever its uses, so that room is made in no time. */
const MAX_REPRIEVES = 32;
/** Characters of a token's end from which its print is made: of a signature, so nobody chooses them. */
const PRINTED = 12;
/** Visitors whose places lie beside each other, in one line of the processor's cache. */
const BUCKET = 4;
/** Most tokens of which it is known that they came before. */
const MAX_VISITORS = 2 ** 20;

interface Entry<T> extends QueueEntry<Entry<T>> {
  readonly text: string;
  readonly value: T;
  uses: number;
}

export class TokenMemory<T> {
  /** By print: of two tokens with the same one, the later stays. */
  readonly #entries = new Map<number, Entry<T>>();
  readonly #queue = new EntryQueue<Entry<T>>();
  readonly #visitors: Uint32Array;
  readonly #limits: TokenMemoryLimits;
  #bytes = 0;
  /** Whose place in a full bucket is given away: another's each time, so that no two tokens displace each other forever. */
  #turn = 0;

  constructor(limits: TokenMemoryLimits) {
    this.#limits = limits;
    const visitors = 2 ** Math.ceil(Math.log2(limits.maxEntries * 4));
    this.#visitors = new Uint32Array(Math.min(visitors, MAX_VISITORS));
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What was remembered of exactly this text. */
  find(text: string): T | undefined {
    const entry = this.#entries.get(print(text));
    // Nothing but the same text is the same token.
    if (entry === undefined || entry.text !== text) return undefined;
    if (entry.uses < MAX_USES) entry.uses++;
    return entry.value;
  }

  /** Whether the token came before and is worth remembering. Notes that it came. */
  admits(text: string): boolean {
    const mark = print(text);
    const visitors = this.#visitors;
    const first = (mark & (visitors.length / BUCKET - 1)) * BUCKET;
    let place = first + (this.#turn++ & (BUCKET - 1));
    for (let slot = first; slot < first + BUCKET; slot++) {
      const found = visitors[slot];
      if (found === mark) {
        // Its place is for the next one: tokens that share a bucket are let in one after the other.
        visitors[slot] = 0;
        return text.length + ENTRY_BYTES <= this.#limits.maxBytes;
      }
      if (found === 0) place = slot;
    }
    visitors[place] = mark;
    return false;
  }

  remember(token: string, value: T): void {
    const mark = print(token);
    const known = this.#entries.get(mark);
    if (known !== undefined) this.#drop(known);
    const entry: Entry<T> = { text: copyText(token), value, uses: 0, before: undefined, after: undefined };
    this.#entries.set(mark, entry);
    this.#queue.push(entry);
    this.#bytes += countBytes(entry);
    while (this.size > this.#limits.maxEntries || this.#bytes > this.#limits.maxBytes) this.#evict();
  }

  forget(text: string): void {
    const entry = this.#entries.get(print(text));
    // A stranger can end a token as another one ends, and must not have that one forgotten.
    if (entry?.text === text) this.#drop(entry);
  }

  #evict(): void {
    let entry = this.#queue.first;
    for (let reprieves = 0; entry !== undefined && entry.uses > 0 && reprieves < MAX_REPRIEVES; reprieves++) {
      entry.uses--;
      this.#queue.remove(entry);
      this.#queue.push(entry);
      entry = this.#queue.first;
    }
    if (entry !== undefined) this.#drop(entry);
  }

  #drop(entry: Entry<T>): void {
    this.#queue.remove(entry);
    this.#entries.delete(print(entry.text));
    this.#bytes -= countBytes(entry);
  }
}

function countBytes({ text }: { readonly text: string }): number {
  return text.length + ENTRY_BYTES;
}

/** 31 bits of a token's end (FNV-1a), never 0. The last character is left out: it carries as little as two bits. */
function print(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = text.length - PRINTED - 1; at < text.length - 1; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 1 || 1;
}
