import type { DecisionEvent } from "../decision/decision-event.ts";
import type { Channel } from "./channel.ts";
import type { PrimaryTopics, WorkerTopics } from "./messages.ts";

/** Most decisions of one message, and most that wait for it. */
export const MAX_RELAYED_DECISIONS = 256;
const PACE_MS = 20;

/** Tells decisions to the primary: the first at once, then many at a time. What there is no room for is counted. */
export class DecisionRelay {
  readonly #channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">;
  #events: DecisionEvent[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">) {
    this.#channel = channel;
  }

  add(event: DecisionEvent): void {
    if (this.#events.length < MAX_RELAYED_DECISIONS) this.#events.push(event);
    else this.#dropped++;
    if (this.#timer !== undefined) return;
    this.flush();
    this.#pause();
  }

  #pause(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#events.length === 0) return;
      this.flush();
      this.#pause();
    }, PACE_MS);
    this.#timer.unref();
  }

  flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    if (!this.#channel.tell("decisions", { events, dropped: this.#dropped })) return;
    this.#events = [];
    this.#dropped = 0;
  }
}
