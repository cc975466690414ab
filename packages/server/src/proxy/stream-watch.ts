/** Judges again what stays open: WebSockets and event streams outlive the token that opened them. */

import type { Decision, RequestDescription } from "../decision/decision.ts";
import type { Metrics, StreamEnd } from "../telemetry/metrics.ts";

export interface OpenStream {
  /** The request that opened it. */
  readonly described: RequestDescription;
  /** Milliseconds since the epoch at which its token ends; Infinity where it needed none. */
  readonly expiresAt: number;
  /** Ends it. May be called more than once. */
  end(cause: StreamEnd): void;
}

export interface StreamWatchSetup {
  readonly clock: () => number;
  /** Judges by the configuration that is in force then. */
  judge(described: RequestDescription): Decision | Promise<Decision>;
  readonly metrics: Pick<Metrics, "setStreams" | "recordStreamEnd">;
}

const SWEEP_MS = 1000;
// Within the clock's tolerance an expired token passes; then it is judged again this often.
const RECHECK_MS = 5000;
// The largest tolerance of any issuer: what cannot be judged for so long after its end is ended.
const LONGEST_TOLERANCE_MS = 300_000;
const BATCH = 64;

interface Watched {
  readonly stream: OpenStream;
  dueAt: number;
}

/** One for all listeners and configurations. Has a timer only while something is open. */
export class StreamWatch {
  readonly #setup: StreamWatchSetup;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping = false;
  #ended: StreamEnd | undefined;

  constructor(setup: StreamWatchSetup) {
    this.#setup = setup;
  }

  /** Watches until the function that it gives is called. */
  add(stream: OpenStream): () => void {
    const watched = { stream, dueAt: stream.expiresAt };
    this.#watched.add(watched);
    // Its opener has yet to get the function that follows its end.
    if (this.#ended !== undefined) setImmediate(() => this.endAll(this.#ended ?? "shutdown"));
    this.#timer ??= setInterval(() => void this.sweep(), SWEEP_MS).unref();
    this.#setup.metrics.setStreams(this.#watched.size);
    return () => this.#remove(watched);
  }

  /** Judges again what is due. Never rejects; does nothing while another sweep is under way. */
  async sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const now = this.#setup.clock();
    const due = [...this.#watched].filter(({ dueAt }) => dueAt <= now);
    for (let start = 0; start < due.length; start += BATCH) {
      await Promise.all(due.slice(start, start + BATCH).map((watched) => this.#judge(watched)));
    }
    this.#sweeping = false;
  }

  /** The rules have changed: everything is due. */
  async judgeAll(): Promise<void> {
    for (const watched of this.#watched) watched.dueAt = 0;
    await this.sweep();
  }

  /** Ends everything, now and from now on. */
  endAll(cause: StreamEnd): void {
    this.#ended = cause;
    for (const watched of this.#watched) this.#end(watched, cause);
  }

  async #judge(watched: Watched): Promise<void> {
    const { stream } = watched;
    const decision = await this.#setup.judge(stream.described);
    const now = this.#setup.clock();
    if (decision.allow) {
      watched.dueAt = Math.max(decision.verdict?.token.expiresAt ?? Infinity, now + RECHECK_MS);
    } else if (decision.rejected.fault === "client") {
      this.#end(watched, decision.rejected.reason === "token_expired" ? "expired" : "refused");
    } else if (now > stream.expiresAt + LONGEST_TOLERANCE_MS) {
      this.#end(watched, "expired");
    } else {
      watched.dueAt = now + RECHECK_MS;
    }
  }

  #end(watched: Watched, cause: StreamEnd): void {
    if (!this.#watched.has(watched)) return;
    this.#remove(watched);
    this.#setup.metrics.recordStreamEnd(cause);
    watched.stream.end(cause);
  }

  #remove(watched: Watched): void {
    this.#watched.delete(watched);
    this.#setup.metrics.setStreams(this.#watched.size);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
