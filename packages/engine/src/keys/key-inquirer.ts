/** Asks the publisher about kids that a follower lacks: the same ones once, many in one question, and not too often. */

import { type KeyQuery, nameQuery } from "./key-source.ts";
import { settleWithin } from "./settle-within.ts";
import { type KeyAnswer, MAX_QUERIES, type SharedKeyQuery } from "./shared-keys.ts";

/** Most different kids of one issuer that wait to be asked for; more are told at once to come back. */
export const MAX_PENDING_QUERIES = 256;
/** Most questions of one issuer under way: each may wait for a fetch. */
const MAX_QUESTIONS = 4;
/** Shortest time between two questions of one issuer, so that a flood of kids is a trickle of messages. */
const PACE_MS = 10;

type Ask = (queries: readonly SharedKeyQuery[]) => Promise<readonly KeyAnswer[]>;

interface Pending {
  readonly query: KeyQuery;
  /** Undefined where none came in time. Never rejects. */
  readonly answer: Promise<KeyAnswer | undefined>;
  settle(answer: KeyAnswer | undefined): void;
}

export interface Inquiry extends Pick<Pending, "answer"> {
  /** Whether somebody else's question is waited for. */
  readonly isShared: boolean;
}

export class KeyInquirer {
  readonly #ask: Ask;
  readonly #timeoutMs: number;
  /** From the query's name: what waits to be asked, and what was. */
  readonly #waiting = new Map<string, Pending>();
  readonly #asked = new Map<string, Pending>();
  #questions = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** `ask` may reject, and may never settle. */
  constructor(ask: Ask, timeoutMs: number) {
    this.#ask = ask;
    this.#timeoutMs = timeoutMs;
  }

  /** Undefined where too many wait. */
  inquire(query: KeyQuery): Inquiry | undefined {
    const name = nameQuery(query);
    const known = this.#waiting.get(name) ?? this.#asked.get(name);
    if (known !== undefined) return { answer: known.answer, isShared: true };
    if (this.#isClosed || this.#waiting.size >= MAX_PENDING_QUERIES) return undefined;
    const pending = createPending(query);
    this.#waiting.set(name, pending);
    this.#send();
    return { answer: pending.answer, isShared: false };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const pending of [...this.#waiting.values(), ...this.#asked.values()]) pending.settle(undefined);
    this.#waiting.clear();
    this.#asked.clear();
  }

  #send(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0 || this.#questions >= MAX_QUESTIONS) return;
    const entries = [...this.#waiting].slice(0, MAX_QUERIES);
    for (const [name, pending] of entries) {
      this.#waiting.delete(name);
      this.#asked.set(name, pending);
    }
    this.#questions++;
    this.#question(entries)
      .catch(() => undefined)
      .finally(() => {
        this.#questions--;
        if (!this.#isClosed) this.#send();
      });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isClosed) this.#send();
    }, PACE_MS);
  }

  async #question(entries: readonly (readonly [string, Pending])[]): Promise<void> {
    let answers: readonly KeyAnswer[] = [];
    try {
      const asked = this.#ask(
        entries.map(([, { query }]) => ({ algorithm: query.algorithm.name, keyId: query.keyId })),
      );
      answers = (await settleWithin(asked, this.#timeoutMs)) ?? [];
    } finally {
      for (const [index, [name, pending]] of entries.entries()) {
        if (this.#asked.get(name) === pending) this.#asked.delete(name);
        pending.settle(answers[index]);
      }
    }
  }
}

function createPending(query: KeyQuery): Pending {
  let settle: Pending["settle"] = () => undefined;
  const answer = new Promise<KeyAnswer | undefined>((resolve) => {
    settle = resolve;
  });
  return { query, answer, settle };
}
