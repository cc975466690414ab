import type { AuditDraft } from "../audit/audit-event.ts";
import type { AuditSink } from "../audit/audit-sink.ts";
import type { Channel } from "./channel.ts";
import type { PrimaryTopics, WorkerTopics } from "./messages.ts";

/** Most events of one message. */
export const MAX_RELAYED_EVENTS = 256;
/** Most that wait for a primary that does not keep up. */
const MAX_WAITING = 4096;
const PACE_MS = 20;

/** Tells audit events to the primary, which alone writes. What there is no room for is counted, and told as a loss. */
export class AuditRelay implements AuditSink {
  readonly #channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">;
  readonly #drafts: AuditDraft[] = [];
  #lost = 0;
  #isWaiting = false;

  constructor(channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "tell">) {
    this.#channel = channel;
  }

  record(draft: AuditDraft): void {
    if (this.#drafts.length < MAX_WAITING) this.#drafts.push(draft);
    else this.#lost += 1;
    this.#wait();
  }

  /** As far as there is room. */
  flush(): void {
    while (this.#drafts.length > 0 || this.#lost > 0) {
      const drafts = this.#drafts.slice(0, MAX_RELAYED_EVENTS);
      if (!this.#channel.tell("audit", { drafts, lost: this.#lost })) return;
      this.#drafts.splice(0, drafts.length);
      this.#lost = 0;
    }
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.flush();
      if (this.#drafts.length > 0 || this.#lost > 0) this.#wait();
    }, PACE_MS).unref();
  }
}
