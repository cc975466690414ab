/** One direction of one connection through a fault proxy. */

import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Toxic, ToxicKind } from "./toxic.ts";

/** A toxic that is in force for a connection. */
export interface ActiveToxic {
  readonly toxic: Toxic;
  /** Aborted once it is removed. */
  readonly removed: AbortSignal;
}

/** What a link is told of its connection. */
export interface LinkSetup {
  readonly from: Socket;
  readonly to: Socket;
  /** Those for this direction of this connection, in the order in which they were added. */
  toxics(): readonly ActiveToxic[];
  /** A number from 0 to 1. */
  random(): number;
}

interface Piece {
  readonly bytes: Buffer;
  readonly receivedMs: number;
}

/** What waits in a link before its sender has to wait too. */
const MAX_QUEUED_BYTES = 262_144;

/** Copies from one socket to the other until the connection ends. */
export class ToxicLink {
  readonly #setup: LinkSetup;
  readonly #queue: Piece[] = [];
  readonly #ending = new AbortController();
  #queuedBytes = 0;
  #passedBytes = 0;
  #hasEnded = false;
  #isPumping = false;

  constructor(setup: LinkSetup) {
    this.#setup = setup;
    const { from } = setup;
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => this.#take(bytes));
    from.once("end", () => {
      this.#hasEnded = true;
      this.#start();
    });
    from.once("error", () => this.#destroy());
    from.once("close", () => {
      // After its end, what is left is still passed on, as late as it should be.
      if (!this.#hasEnded) this.#destroy();
    });
  }

  /** Harm that needs no data to be done: told when a toxic was added, and at the beginning. */
  poke(): void {
    this.#start();
  }

  #take(bytes: Buffer): void {
    this.#queue.push({ bytes, receivedMs: performance.now() });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#setup.from.pause();
    this.#start();
  }

  #start(): void {
    this.#pump().catch(() => this.#destroy());
  }

  /** One at a time; ends with the queue. Rejects where the connection ends while it waits. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      await this.#awaitGate();
      for (let piece = this.#queue.shift(); piece !== undefined; piece = this.#queue.shift()) {
        this.#queuedBytes -= piece.bytes.length;
        await this.#pass(piece);
        if (this.#queuedBytes <= MAX_QUEUED_BYTES) this.#setup.from.resume();
        await this.#awaitGate();
      }
      if (this.#hasEnded) await this.#end();
    } finally {
      this.#isPumping = false;
    }
  }

  /** Toxics that let nothing through, whether there is something or not. */
  async #awaitGate(): Promise<void> {
    for (const { toxic, removed } of this.#setup.toxics()) {
      if (toxic.type === "reset_peer") {
        await this.#sleep(toxic.afterMs);
        this.#setup.from.resetAndDestroy();
        this.#setup.to.resetAndDestroy();
      }
      if (toxic.type === "timeout") {
        if (toxic.timeoutMs > 0) await this.#sleep(toxic.timeoutMs);
        else await this.#awaitRemoval(removed);
        this.#destroy();
      }
    }
    this.#ending.signal.throwIfAborted();
  }

  async #pass(piece: Piece): Promise<void> {
    const kinds = this.#setup.toxics().map(({ toxic }) => toxic);
    for (const kind of kinds) await this.#delay(kind, piece);
    const slicer = kinds.find((kind) => kind.type === "slicer");
    if (slicer === undefined) return this.#write(piece.bytes);
    for (let start = 0; start < piece.bytes.length; ) {
      const variation = (slicer.variationBytes ?? 0) * (2 * this.#setup.random() - 1);
      const length = Math.max(1, Math.round(slicer.averageBytes + variation));
      await this.#write(piece.bytes.subarray(start, start + length));
      start += length;
      if ((slicer.delayMs ?? 0) > 0) await this.#sleep(slicer.delayMs ?? 0);
    }
  }

  async #delay(kind: ToxicKind, { bytes, receivedMs }: Piece): Promise<void> {
    if (kind.type === "latency") {
      const jitterMs = (kind.jitterMs ?? 0) * (2 * this.#setup.random() - 1);
      // What waited behind another piece has waited already.
      await this.#sleep(kind.latencyMs + jitterMs - (performance.now() - receivedMs));
    }
    if (kind.type === "bandwidth") await this.#sleep((bytes.length / kind.bytesPerSecond) * 1000);
  }

  async #write(bytes: Buffer): Promise<void> {
    const limits = this.#setup.toxics().flatMap(({ toxic }) => (toxic.type === "limit_data" ? [toxic] : []));
    const limit = Math.min(...limits.map((toxic) => toxic.bytes));
    const allowed = bytes.subarray(0, Math.max(0, limit - this.#passedBytes));
    this.#passedBytes += allowed.length;
    const { to } = this.#setup;
    const isTaken = allowed.length === 0 || to.write(allowed);
    if (this.#passedBytes >= limit) {
      to.end();
      this.#setup.from.destroy();
      throw new Error("the limit of this connection is reached");
    }
    if (isTaken) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        to.off("drain", settle).off("close", settle);
        resolve();
      };
      to.once("drain", settle).once("close", settle);
    });
  }

  async #end(): Promise<void> {
    for (const { toxic } of this.#setup.toxics()) {
      if (toxic.type === "slow_close") await this.#sleep(toxic.delayMs);
    }
    this.#setup.to.end();
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#ending.signal });
  }

  async #awaitRemoval(removed: AbortSignal): Promise<void> {
    const either = AbortSignal.any([removed, this.#ending.signal]);
    if (either.aborted) return;
    await new Promise<void>((resolve) => {
      either.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #destroy(): void {
    this.#ending.abort();
    // What was written before is still on its way to whoever reads it.
    this.#setup.to.destroySoon();
    this.#setup.from.destroy();
  }
}
