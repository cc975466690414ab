/** Clients with one good token each, all the time: what they are answered. */

import { setTimeout as pause } from "node:timers/promises";
import { describeQuestion } from "../drills/revocation/decision-connection.ts";
import type { Instance } from "../drills/revocation/instance.ts";

const PAUSE_MS = 40;

export class Traffic {
  readonly #running: Promise<unknown>;
  #isStopping = false;
  asked = 0;
  /** Answers other than 200. */
  refused = 0;

  constructor(instances: readonly Instance[], token: string) {
    const question = describeQuestion(token);
    this.#running = Promise.all(instances.map((instance) => this.#ask(instance, question)));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #ask(instance: Instance, question: string): Promise<void> {
    while (!this.#isStopping) {
      const status = await instance.ask(question).catch(() => 0);
      this.asked += 1;
      if (status !== 200) this.refused += 1;
      await pause(PAUSE_MS);
    }
  }
}
