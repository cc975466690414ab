/** First uses among all workers: the primary remembers them, and workers ask it, many uses in one question. */

import type { ReplayStore } from "countersign";

import type { UseAnswer, UseToRecord } from "./messages.ts";

/** Asks the primary about uses, and gives an answer for each in turn. */
export type AskPrimary = (uses: readonly UseToRecord[]) => Promise<readonly UseAnswer[]>;

/** Most uses in one question. */
const MAX_BATCH = 256;
/** Most uses that wait for room; more are refused. */
const MAX_WAITING = 4096;
/** Most questions without an answer. */
const MAX_QUESTIONS = 8;

interface WaitingUse {
  readonly use: UseToRecord;
  readonly resolve: (answer: "first" | "seen") => void;
  readonly reject: (error: Error) => void;
}

/** The worker's end. What cannot be said for certain rejects, and so lets nobody pass. */
export class ReplayRelay implements ReplayStore {
  readonly #ask: AskPrimary;
  readonly #waiting: WaitingUse[] = [];
  #questions = 0;
  #isScheduled = false;

  constructor(ask: AskPrimary) {
    this.#ask = ask;
  }

  use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new Error("too many first uses wait"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ use: { key, expiresAtMs }, resolve, reject });
      this.#schedule();
    });
  }

  /** Whatever else this turn of the event loop brings goes into the same question. */
  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0 || this.#questions >= MAX_QUESTIONS) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const batch = this.#waiting.splice(0, MAX_BATCH);
      this.#questions++;
      const uses = batch.map(({ use }) => use);
      Promise.resolve()
        .then(() => this.#ask(uses))
        .then(
          (answers) => this.#settle(batch, answers),
          () => this.#settle(batch, []),
        );
      this.#schedule();
    });
  }

  #settle(batch: readonly WaitingUse[], answers: readonly UseAnswer[]): void {
    this.#questions--;
    this.#schedule();
    for (const [index, { resolve, reject }] of batch.entries()) {
      const answer = answers[index];
      if (answer === "first" || answer === "seen") resolve(answer);
      else reject(new Error("the primary did not say who came first"));
    }
  }
}

/** The primary's end. */
export function recordUses(store: ReplayStore, uses: readonly UseToRecord[]): Promise<readonly UseAnswer[]> {
  return Promise.all(
    uses.map(({ key, expiresAtMs }) => store.use(key, expiresAtMs).catch((): UseAnswer => "unknown")),
  );
}
