/** The trail of one sidecar, in the process that writes: makes events of drafts, and gives each to every output. */

import type { AuditDraft, AuditEvent, AuditOutputName } from "./audit-event.ts";
import { AUDIT_EVENTS, AUDIT_VERSION } from "./audit-event.ts";
import type { AuditTrailPort } from "./audit-sink.ts";
import type { AuditOutput, DeliveryResult } from "./output-queue.ts";
import { OutputQueue } from "./output-queue.ts";
import type { Pseudonymizer } from "./pseudonyms.ts";

export interface AuditTrailSetup {
  /** At least one; the first is the one that is waited for. */
  readonly outputs: readonly AuditOutput[];
  readonly pseudonyms: Pseudonymizer;
  readonly instance: string;
  readonly version: string;
  readonly queueEvents: number;
  readonly clock: () => number;
  onResult(output: AuditOutputName | "worker", result: DeliveryResult, count: number): void;
  onFailure(output: AuditOutputName, error: unknown): void;
}

/** Whoever causes an event that is to be durable waits no longer than this. */
const LONGEST_WAIT_MS = 2000;
/** For what is in the queues at the end. */
const CLOSE_TIMEOUT_MS = 3000;

export class AuditTrail implements AuditTrailPort {
  readonly #setup: AuditTrailSetup;
  readonly #queues: readonly OutputQueue[];
  #closing: Promise<void> | undefined;

  constructor(setup: AuditTrailSetup) {
    const { outputs, queueEvents: maxEvents, clock } = setup;
    this.#setup = setup;
    this.#queues = outputs.map(
      (output) =>
        new OutputQueue({
          output,
          maxEvents,
          clock,
          onResult: (result, count) => setup.onResult(output.name, result, count),
          onFailure: (error) => setup.onFailure(output.name, error),
          describeLoss: ({ count, sinceMs }) =>
            this.#toEvent({
              event: "audit.lost",
              timeMs: clock(),
              output: output.name,
              count,
              since: new Date(sinceMs).toISOString(),
            }),
        }),
    );
  }

  record(draft: AuditDraft): void {
    const event = this.#toEvent(draft);
    for (const queue of this.#queues) queue.offer(event);
  }

  async recordDurably(drafts: readonly AuditDraft[]): Promise<void> {
    for (const draft of drafts) this.record(draft);
    await this.#queues[0]?.settled(LONGEST_WAIT_MS);
  }

  /** Events that did not get here. */
  recordLoss(count: number): void {
    const { clock, onResult } = this.#setup;
    onResult("worker", "dropped", count);
    this.record({ event: "audit.lost", timeMs: clock(), output: "worker", count });
  }

  /** Says that the trail ends, and delivers what it can. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.record({ event: "audit.stopped", timeMs: this.#setup.clock() });
    await Promise.all(
      this.#queues.map(async (queue, index) => {
        const { name = "file" } = this.#setup.outputs[index] ?? {};
        await queue.close(CLOSE_TIMEOUT_MS).catch((error: unknown) => this.#setup.onFailure(name, error));
      }),
    );
  }

  #toEvent({ timeMs, identities, ...facts }: AuditDraft): AuditEvent {
    const { instance, version, pseudonyms } = this.#setup;
    return {
      v: AUDIT_VERSION,
      time: new Date(timeMs).toISOString(),
      severity: AUDIT_EVENTS[facts.event].severity,
      outcome: judgeOutcome(facts.event),
      instance,
      version,
      ...facts,
      ...(identities !== undefined && pseudonyms.replace(identities, facts.targetKind)),
    };
  }
}

function judgeOutcome(event: AuditDraft["event"]): AuditEvent["outcome"] {
  switch (event) {
    case "token.unchecked":
      return "unknown";
    case "token.rejected":
    case "token.suppressed":
    case "configuration.refused":
    case "key.refused":
    case "key.set_held_back":
    case "audit.lost":
      return "failure";
    default:
      return "success";
  }
}
