/**
 * The answers to refreshes of the last seconds, for clients that did not get theirs: each refresh token is used once,
 * and whoever uses it again within the grace gets what it was used for.
 */

/** A refresh that was answered. */
export interface RefreshAnswer {
  readonly body: Readonly<Record<string, unknown>>;
  readonly successor: string;
  /** What else was asked for: a retry asks for the same. */
  readonly wanted: string;
  /** Of the key that the tokens are bound to; a retry proves the same. */
  readonly thumbprint: string | undefined;
  readonly answeredAtMs: number;
}

/** Most answers held; the oldest go first, and then nobody gets them again. */
const MAX_ANSWERS = 2000;

export class RefreshAnswers {
  readonly #graceMs: number;
  /** By the hash of the token that was used, the oldest first. */
  readonly #answers = new Map<string, RefreshAnswer>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(graceSeconds: number) {
    this.#graceMs = graceSeconds * 1000;
  }

  /** Does the works of one token one after the other, so that the second finds what the first left. */
  async inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    // The next one waits for the end, however it ends.
    const settled = turn.catch(() => {});
    this.#turns.set(key, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(key) === settled) this.#turns.delete(key);
    }
  }

  /** The answer to an earlier use of the token, within the grace. */
  find(key: string): RefreshAnswer | undefined {
    this.#forgetOld();
    return this.#answers.get(key);
  }

  keep(key: string, answer: RefreshAnswer): void {
    this.#forgetOld();
    this.#answers.set(key, answer);
    if (this.#answers.size <= MAX_ANSWERS) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  #forgetOld(): void {
    for (const [key, { answeredAtMs }] of this.#answers) {
      if (Date.now() - answeredAtMs < this.#graceMs) return;
      this.#answers.delete(key);
    }
  }
}
