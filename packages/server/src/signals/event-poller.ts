/**
 * Asks one transmitter for security events (RFC 8936), poll after poll, until it is closed. An event is acknowledged
 * with the next poll once all that it revokes is durable; until then the transmitter keeps it, so that neither a crash
 * here nor an outage there loses one. What comes twice changes nothing the second time.
 */

import { ApiError } from "../admin/api/api-route.ts";
import type { TransmitterConfiguration } from "../config/signals-configuration.ts";
import { pause } from "../stores/retry-with-backoff.ts";
import { StoreUnavailableError } from "../stores/revocation-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { EventError, EventReceiver } from "./event-receiver.ts";
import { type PollAnswer, type PollEndpoint, PollFault } from "./poll-request.ts";

export interface EventPollerSetup {
  readonly transmitter: Pick<TransmitterConfiguration, "name">;
  readonly receiver: Pick<EventReceiver, "take">;
  readonly endpoint: PollEndpoint;
  readonly maxEvents: number;
  /** Absent: long polls, one after the other. */
  readonly everySeconds?: number | undefined;
  readonly logger: OperationalLog;
  readonly metrics: Pick<Metrics, "recordPoll" | "initializePolls">;
  /** Waits; ends early where the signal aborts. Default the runtime's timers. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_RETRY_AFTER_MS = 300_000;
/** From the start of a poll that brought nothing to the next: not every transmitter holds long polls. */
const LEAST_INTERVAL_MS = 1000;
/** For telling, at the end, what became of the last events. */
const LAST_WORD_MS = 2000;

export class EventPoller {
  readonly #setup: EventPollerSetup;
  readonly #pause: NonNullable<EventPollerSetup["pause"]>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** What the transmitter does not know yet: of one batch at most. */
  #acknowledged: readonly string[] = [];
  #refused: ReadonlyMap<string, EventError> = new Map();
  #maxEvents: number;
  #failures = 0;

  constructor(setup: EventPollerSetup) {
    this.#setup = setup;
    this.#pause = setup.pause ?? pause;
    this.#maxEvents = setup.maxEvents;
    setup.metrics.initializePolls(setup.transmitter.name);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the poll under way; the event under way is still taken. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#sayLast();
    await this.#setup.endpoint.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = performance.now();
      let restMs = 0;
      try {
        restMs = await this.#poll(startedMs);
      } catch (error) {
        if (signal.aborted) return;
        restMs = this.#fail(error);
      }
      await this.#pause(restMs, signal);
    }
  }

  /** How long to wait before the next. @throws PollFault */
  async #poll(startedMs: number): Promise<number> {
    const { everySeconds, metrics, transmitter } = this.#setup;
    const answer = await this.#ask(this.#maxEvents);
    metrics.recordPoll({ source: transmitter.name, result: "answered" });
    const isComplete = await this.#takeAll(answer);
    const hasTold = this.#acknowledged.length > 0 || this.#refused.size > 0;
    if (!isComplete && !hasTold) return this.#backOff();
    this.#recover();
    // What is done is told without delay, with the question for more.
    if (hasTold) return 0;
    return (everySeconds ?? 0) * 1000 || startedMs + LEAST_INTERVAL_MS - performance.now();
  }

  async #ask(maxEvents: number): Promise<PollAnswer> {
    const returnsImmediately = this.#setup.everySeconds !== undefined;
    const told = { acknowledged: this.#acknowledged, refused: this.#refused };
    const question = { maxEvents, returnsImmediately, ...told };
    const answer = await this.#setup.endpoint.ask(question, this.#stopping.signal);
    // The transmitter has heard it; had there been no answer, it would be told again, which is harmless.
    this.#acknowledged = [];
    this.#refused = new Map();
    return answer;
  }

  /** False where some could be taken neither for good nor for bad. */
  async #takeAll({ events }: PollAnswer): Promise<boolean> {
    const { receiver, logger, transmitter } = this.#setup;
    const acknowledged: string[] = [];
    const refused = new Map<string, EventError>();
    let isComplete = true;
    for (const [jti, text] of events) {
      if (this.#stopping.signal.aborted) break;
      try {
        const error = await receiver.take(text, { jti });
        if (error === undefined) acknowledged.push(jti);
        else refused.set(jti, error);
      } catch (error) {
        isComplete = false;
        logger.error({ err: error, transmitter: transmitter.name }, "a security event has to come again");
        // Where the store or the keys are away the others would fare alike.
        if (error instanceof StoreUnavailableError || error instanceof ApiError) break;
      }
    }
    this.#acknowledged = acknowledged;
    this.#refused = refused;
    return isComplete;
  }

  #fail(error: unknown): number {
    const { logger, metrics, transmitter } = this.#setup;
    const result = error instanceof PollFault ? error.result : "network_error";
    metrics.recordPoll({ source: transmitter.name, result });
    // One event too long, or too many of them, must not stop all that come after.
    if (result === "bad_answer") this.#maxEvents = Math.max(1, Math.floor(this.#maxEvents / 2));
    if (this.#failures === 0) {
      logger.warn({ err: error, transmitter: transmitter.name, result }, "no security events can be had");
    }
    const askedMs = error instanceof PollFault ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(this.#backOff(), Math.min(askedMs, LONGEST_RETRY_AFTER_MS));
  }

  /** Doubles from one second to a minute, shortened at random, so that many do not come back together. */
  #backOff(): number {
    const longestMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 16), LONGEST_PAUSE_MS);
    this.#failures += 1;
    return longestMs * (0.5 + Math.random() / 2);
  }

  #recover(): void {
    const { logger, transmitter, maxEvents } = this.#setup;
    if (this.#failures > 0)
      logger.info({ transmitter: transmitter.name }, "security events can be had again");
    this.#failures = 0;
    this.#maxEvents = maxEvents;
  }

  async #sayLast(): Promise<void> {
    if (this.#acknowledged.length === 0 && this.#refused.size === 0) return;
    const told = { acknowledged: this.#acknowledged, refused: this.#refused };
    this.#acknowledged = [];
    this.#refused = new Map();
    const question = { maxEvents: 0, returnsImmediately: true, ...told };
    // Where it is not heard, the events come again after the next start.
    await this.#setup.endpoint.ask(question, AbortSignal.timeout(LAST_WORD_MS)).catch(() => undefined);
  }
}
