/** First uses where a route has a written exception for the time in which the store that all share does not answer. */

import { createHash } from "node:crypto";
import type { ReplayStore } from "countersign";

export interface ReplayGuardSetup {
  /** The store that all instances share. */
  readonly shared: ReplayStore;
  /** What this machine alone remembers. Rejects where it has no room. */
  readonly local: ReplayStore;
  readonly observer: (event: ReplayEvent) => void;
  /** Milliseconds that only go forward. Default `performance.now`. */
  readonly elapsedMs?: () => number;
}

/** Uses are named by a hash. */
export type ReplayEvent =
  /** The first call without an answer after a time in which all were answered. */
  | { readonly type: "store_lost" }
  | { readonly type: "store_back" }
  /** A first use that only this machine knows of. */
  | { readonly type: "accepted_locally"; readonly exception: ReplayException; readonly use: string }
  /** One that this machine knows of, while the store does not answer. */
  | { readonly type: "refused_locally"; readonly exception: ReplayException; readonly use: string }
  /** The exception's time is over, and the store does not answer. */
  | { readonly type: "exception_over"; readonly exception: ReplayException }
  /**
   * The store, once it was back, knew a use that had been accepted here: it was presented elsewhere, or again since, or
   * its own record had got through without an answer.
   */
  | { readonly type: "known_elsewhere"; readonly use: string };

export interface ReplayException {
  /** For people: which route. */
  readonly route: string;
  /** From the first call without an answer on. 1..300. */
  readonly seconds: number;
}

/** Within what a request waits for its store, for this step and a look into the memory to have room. */
const PATIENCE_MS = 500;
/** How often the store is tried by requests that need not wait for it. */
const PROBE_MS = 1000;
/** A store that failed within this time is not well yet: an outage with pauses is one outage. */
const CALM_MS = 10_000;
/** Most uses that wait for the store to be back; with more, nobody passes. */
const MAX_PENDING = 100_000;
const HANDED_OVER_TOGETHER = 16;

/**
 * Asks the shared store, and where that does not answer, lets a route with an exception go on with what this machine
 * remembers, for so many seconds of an outage and no longer. What was accepted so is told to the store when it is back.
 */
export class ReplayGuard implements ReplayStore {
  readonly #setup: Required<ReplayGuardSetup>;
  /** Uses that were accepted without the store, and when each may be forgotten. */
  readonly #pending = new Map<string, number>();
  /** Without an exception nothing is remembered here. */
  #isArmed = false;
  #isAway = false;
  #troubleSinceMs = Number.NEGATIVE_INFINITY;
  #lastFailureMs = Number.NEGATIVE_INFINITY;
  #lastProbeMs = Number.NEGATIVE_INFINITY;
  #isHandingOver = false;

  constructor(setup: ReplayGuardSetup) {
    this.#setup = { elapsedMs: () => performance.now(), ...setup };
  }

  /** For routes without an exception: what the shared store does not say rejects. */
  async use(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    const answer = await this.#ask(key, expiresAtMs);
    return this.#isArmed ? this.#compare(answer, { key, expiresAtMs }) : answer;
  }

  /** For one route. */
  except(exception: ReplayException): ReplayStore {
    this.#isArmed = true;
    return { use: (key, expiresAtMs) => this.#useWithin(exception, { key, expiresAtMs }) };
  }

  async #useWithin(exception: ReplayException, use: Use): Promise<"first" | "seen"> {
    const { elapsedMs } = this.#setup;
    const isProbe = !this.#isAway || elapsedMs() - this.#lastProbeMs >= PROBE_MS;
    if (isProbe) {
      this.#lastProbeMs = elapsedMs();
      const asked = this.#ask(use.key, use.expiresAtMs);
      const answer = await this.#await(asked);
      if (answer !== undefined) return this.#compare(answer, use);
      return this.#decideLocally(exception, { ...use, asked });
    }
    return this.#decideLocally(exception, use);
  }

  /** What this machine accepted without the store is used, whatever the store says. */
  async #compare(answer: "first" | "seen", { key, expiresAtMs }: Use): Promise<"first" | "seen"> {
    if (answer === "seen") return answer;
    try {
      return await this.#setup.local.use(key, expiresAtMs);
    } catch (error) {
      if (this.#pending.size > 0) throw error;
      // All that was accepted here is known there.
      return answer;
    }
  }

  async #decideLocally(
    exception: ReplayException,
    { key, expiresAtMs, asked }: Use & { readonly asked?: Promise<"first" | "seen"> },
  ): Promise<"first" | "seen"> {
    const { elapsedMs, local } = this.#setup;
    if (elapsedMs() - this.#troubleSinceMs >= exception.seconds * 1000) {
      this.#tell({ type: "exception_over", exception });
      throw new Error("the replay store does not answer, and the route's exception is over");
    }
    if (this.#pending.size >= MAX_PENDING) throw new Error("too many uses wait for the replay store");
    const answer = await local.use(key, expiresAtMs);
    const use = nameUse(key);
    if (answer === "seen") {
      this.#tell({ type: "refused_locally", exception, use });
      return answer;
    }
    this.#pending.set(key, expiresAtMs);
    // Its own question may get through late; then there is nothing left to tell.
    asked?.then(
      (late) => {
        if (late === "first") this.#pending.delete(key);
      },
      () => undefined,
    );
    this.#tell({ type: "accepted_locally", exception, use });
    return answer;
  }

  /** Notes whether the store answers, and in time. */
  async #ask(key: string, expiresAtMs: number): Promise<"first" | "seen"> {
    const startedMs = this.#setup.elapsedMs();
    try {
      const answer = await this.#setup.shared.use(key, expiresAtMs);
      if (this.#setup.elapsedMs() - startedMs < PATIENCE_MS) this.#noteAnswer();
      return answer;
    } catch (error) {
      this.#noteFailure();
      throw error;
    }
  }

  async #await(asked: Promise<"first" | "seen">): Promise<"first" | "seen" | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.#noteFailure();
        resolve(undefined);
      }, PATIENCE_MS);
    });
    return Promise.race([asked.catch(() => undefined), late]).finally(() => clearTimeout(timer));
  }

  #noteFailure(): void {
    const nowMs = this.#setup.elapsedMs();
    if (nowMs - this.#lastFailureMs > CALM_MS && !this.#isAway) this.#troubleSinceMs = nowMs;
    this.#lastFailureMs = nowMs;
    if (this.#isAway) return;
    this.#isAway = true;
    this.#tell({ type: "store_lost" });
  }

  #noteAnswer(): void {
    if (this.#isAway) {
      this.#isAway = false;
      this.#tell({ type: "store_back" });
    }
    // What is left is told with the next answer.
    if (this.#pending.size > 0) this.#handOver().catch(() => undefined);
  }

  /** Tells the store what was accepted without it. */
  async #handOver(): Promise<void> {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    const queue = this.#pending.entries();
    let hasFailed = false;
    const handSome = async (): Promise<void> => {
      for (const [key, expiresAtMs] of queue) {
        if (hasFailed) return;
        const answer = await this.#setup.shared.use(key, expiresAtMs).catch(() => undefined);
        if (answer === undefined) hasFailed = true;
        else if (this.#pending.delete(key) && answer === "seen") {
          this.#tell({ type: "known_elsewhere", use: nameUse(key) });
        }
      }
    };
    await Promise.all(Array.from({ length: HANDED_OVER_TOGETHER }, handSome)).finally(() => {
      this.#isHandingOver = false;
    });
  }

  #tell(event: ReplayEvent): void {
    try {
      this.#setup.observer(event);
    } catch {
      // Whoever watches must not decide.
    }
  }
}

interface Use {
  readonly key: string;
  readonly expiresAtMs: number;
}

/** Tokens name themselves: what they say is in no log. */
function nameUse(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, 16);
}
