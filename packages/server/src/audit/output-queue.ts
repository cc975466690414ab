/**
 * Between whoever has events and an output that takes its time: bounded, never waited for, and nothing leaves it
 * unseen. What there is no room for is counted, and told as an event of its own once there is room.
 */

import { setTimeout as wait } from "node:timers/promises";
import type { AuditEvent, AuditOutputName } from "./audit-event.ts";

export interface AuditOutput {
  readonly name: AuditOutputName;
  /** Resolves once they are delivered, all of them. Rejects where none, or only some, are: they are offered again. */
  deliver(events: readonly AuditEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** Thrown by an output that will never take these events, or some of them. */
export class UndeliverableError extends Error {
  override readonly name = "UndeliverableError";
  /** How many; undefined for all. */
  readonly count: number | undefined;

  constructor(message: string, count?: number) {
    super(message);
    this.count = count;
  }
}

export type DeliveryResult = "written" | "failed" | "dropped";

export interface OutputQueueSetup {
  readonly output: AuditOutput;
  readonly maxEvents: number;
  /** Counts events: `failed` each time that a delivery fails, `dropped` once for good. */
  onResult(result: DeliveryResult, count: number): void;
  onFailure(error: unknown): void;
  /** Makes the event that says how many were lost. */
  describeLoss(loss: { readonly count: number; readonly sinceMs: number }): AuditEvent;
  readonly clock: () => number;
  /** Before a failed delivery is tried again: the first, doubled up to the longest. Default 100 and 10,000. */
  readonly retryMs?: { readonly first: number; readonly longest: number };
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

const MAX_BATCH = 256;
const DEFAULT_RETRY = { first: 100, longest: 10_000 } as const;

export class OutputQueue {
  readonly #setup: OutputQueueSetup;
  #events: AuditEvent[] = [];
  /** Position of the event after the last that was taken in, and of the first that is not settled. */
  #taken = 0;
  #settled = 0;
  #waiters: Waiter[] = [];
  #lost = 0;
  #lostSinceMs = 0;
  #isPumping = false;
  readonly #stop = new AbortController();

  constructor(setup: OutputQueueSetup) {
    this.#setup = setup;
  }

  /** False where there is no room: it is counted and gone. */
  offer(event: AuditEvent): boolean {
    const { maxEvents, clock, onResult } = this.#setup;
    if (this.#events.length >= maxEvents || this.#stop.signal.aborted) {
      if (this.#lost === 0) this.#lostSinceMs = clock();
      this.#lost += 1;
      onResult("dropped", 1);
      return false;
    }
    this.#events.push(event);
    this.#taken += 1;
    this.#start();
    return true;
  }

  /** Resolves when all that is in it now is delivered or given up, or after `timeoutMs`; true in the first case. */
  async settled(timeoutMs: number): Promise<boolean> {
    const position = this.#taken;
    if (this.#settled >= position) return true;
    const done = new Promise<void>((resolve) => {
      this.#waiters.push({ position, resolve });
    });
    return finishWithin(done, timeoutMs);
  }

  /** Delivers what it can within `timeoutMs`; the rest is counted as dropped. */
  async close(timeoutMs: number): Promise<void> {
    await this.settled(timeoutMs);
    this.#stop.abort();
    const { length } = this.#events;
    if (length > 0) this.#setup.onResult("dropped", length);
    this.#events = [];
    // One that hangs is left to the end of the process.
    await finishWithin(this.#setup.output.close(), timeoutMs);
  }

  #start(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    // One turn later, so that what comes together goes together.
    Promise.resolve()
      .then(() => this.#pump())
      .catch((error: unknown) => this.#setup.onFailure(error))
      .finally(() => {
        this.#isPumping = false;
        if (this.#events.length > 0 && !this.#stop.signal.aborted) this.#start();
      });
  }

  async #pump(): Promise<void> {
    const { first, longest } = this.#setup.retryMs ?? DEFAULT_RETRY;
    let delayMs = first;
    while (this.#events.length > 0 && !this.#stop.signal.aborted) {
      const batch = this.#events.slice(0, MAX_BATCH);
      const outcome = await this.#deliver(batch);
      if (outcome !== "failed") {
        delayMs = first;
        this.#drop(batch.length);
        continue;
      }
      await wait(delayMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
      delayMs = Math.min(longest, delayMs * 2);
    }
  }

  async #deliver(batch: readonly AuditEvent[]): Promise<DeliveryResult> {
    const { output, onResult, onFailure, describeLoss, clock } = this.#setup;
    const lost = { count: this.#lost, sinceMs: this.#lostSinceMs };
    const whole = lost.count > 0 ? [...batch, describeLoss(lost)] : batch;
    try {
      await output.deliver(whole);
      this.#lost -= lost.count;
      this.#lostSinceMs = clock();
      onResult("written", whole.length);
      return "written";
    } catch (error) {
      onFailure(error);
      if (!(error instanceof UndeliverableError)) {
        onResult("failed", batch.length);
        return "failed";
      }
      const refused = Math.min(error.count ?? batch.length, batch.length);
      onResult("dropped", refused);
      if (refused < batch.length) onResult("written", batch.length - refused);
      if (this.#lost === 0) this.#lostSinceMs = clock();
      this.#lost += refused;
      return "dropped";
    }
  }

  #drop(count: number): void {
    this.#events.splice(0, count);
    this.#settled += count;
    const done = this.#waiters.filter(({ position }) => position <= this.#settled);
    this.#waiters = this.#waiters.filter(({ position }) => position > this.#settled);
    for (const { resolve } of done) resolve();
  }
}

/** False where it took longer. @throws what the work throws in time. */
async function finishWithin(work: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = wait(timeoutMs, false as const, { signal: timer.signal, ref: false }).catch(
    () => false as const,
  );
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    timer.abort();
  }
}
