/** Signatures among all workers: the primary has the keys, and workers ask it, many assertions in one question. */

import type { AssertionHost, PublishedKeySet } from "../assertion/assertion-keys.ts";
import type { AssertionRequest, SignedAssertion } from "../assertion/sign-assertion.ts";
import type { PrimaryTopics } from "./messages.ts";

/** The worker's ends of the channel. */
export interface AssertionQuestions {
  /** Gives for each in turn what was signed, or undefined. */
  sign(requests: readonly AssertionRequest[]): Promise<PrimaryTopics["signAssertions"]["answer"]>;
  readKeySet(): Promise<PublishedKeySet | undefined>;
}

/** Most assertions in one question. */
const MAX_BATCH = 64;
/** Most assertions that wait for room; more are refused. */
const MAX_WAITING = 1024;
/** Most questions without an answer. */
const MAX_QUESTIONS = 8;

interface WaitingAssertion {
  readonly request: AssertionRequest;
  readonly resolve: (signed: SignedAssertion) => void;
  readonly reject: (error: Error) => void;
}

/** The worker's end. No private key is in its memory. */
export class AssertionRelay implements AssertionHost {
  readonly #questions: AssertionQuestions;
  readonly #waiting: WaitingAssertion[] = [];
  #unanswered = 0;
  #isScheduled = false;

  constructor(questions: AssertionQuestions) {
    this.#questions = questions;
  }

  readonly sign = (request: AssertionRequest): Promise<SignedAssertion> => {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new Error("too many assertions wait"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  };

  async readKeySet(): Promise<PublishedKeySet> {
    const keySet = await this.#questions.readKeySet();
    if (keySet === undefined) throw new Error("the primary has no keys for assertions");
    return keySet;
  }

  /** Whatever else this turn of the event loop brings goes into the same question. */
  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0 || this.#unanswered >= MAX_QUESTIONS) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const batch = this.#waiting.splice(0, MAX_BATCH);
      this.#unanswered++;
      const requests = batch.map(({ request }) => request);
      Promise.resolve()
        .then(() => this.#questions.sign(requests))
        .then(
          (answers) => this.#settle(batch, answers),
          () => this.#settle(batch, []),
        );
      this.#schedule();
    });
  }

  #settle(batch: readonly WaitingAssertion[], answers: readonly (SignedAssertion | null)[]): void {
    this.#unanswered--;
    this.#schedule();
    for (const [index, { resolve, reject }] of batch.entries()) {
      const answer = answers[index] ?? null;
      if (answer !== null) resolve(answer);
      else reject(new Error("the primary did not sign"));
    }
  }
}

/** The primary's end: what it answers. */
export function createAssertionAnswers(assertions: AssertionHost | undefined): {
  signAssertions(requests: readonly AssertionRequest[]): Promise<PrimaryTopics["signAssertions"]["answer"]>;
  readAssertionKeys(): Promise<PublishedKeySet | undefined>;
} {
  return {
    signAssertions: (requests) =>
      Promise.all(requests.map(async (each) => assertions?.sign(each).catch(() => null) ?? null)),
    readAssertionKeys: async () => assertions?.readKeySet(),
  };
}
