/** A client that asks an instance about tokens, one after the other, all the time. */

import { setTimeout as pause } from "node:timers/promises";
import { DecisionConnection, describeQuestion } from "../drills/revocation/decision-connection.ts";
import type { Instance } from "../drills/revocation/instance.ts";

export interface StreamSetup {
  /** Gives the next token; asked for each time. */
  readonly token: () => string;
  /** Between an answer and the next question. */
  readonly pauseMs: number;
  /** Default "/x". */
  readonly path?: string;
}

export class Stream {
  readonly #running: Promise<void>;
  readonly #connection: DecisionConnection;
  readonly #statuses = new Map<number, number>();
  #isStopping = false;

  constructor({ decision }: Pick<Instance, "decision">, setup: StreamSetup) {
    this.#connection = new DecisionConnection(decision);
    this.#running = this.#ask(setup);
  }

  get asked(): number {
    return [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many answers had this status; 0 stands for none at all. */
  count(status: number): number {
    return this.#statuses.get(status) ?? 0;
  }

  /** Answers other than 200. */
  get refused(): number {
    return this.asked - this.count(200);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
    this.#connection.close();
  }

  async #ask({ token, pauseMs, path }: StreamSetup): Promise<void> {
    while (!this.#isStopping) {
      const status = await this.#connection.ask(describeQuestion(token(), path)).catch(() => 0);
      this.#statuses.set(status, this.count(status) + 1);
      await pause(pauseMs);
    }
  }
}
