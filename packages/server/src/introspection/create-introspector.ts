/** Asks one issuer about its tokens: from memory, together with whoever asks the same, and never more than it can take. */

import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  handleWhen,
  TaskCancelledError,
  wrap,
} from "cockatiel";

import type { IntrospectedIssuer } from "../config/introspection-configuration.ts";
import type { IntrospectionSample } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { createEndpoint } from "./ask-endpoint.ts";
import { type FaultKind, IntrospectionFault } from "./introspection-fault.ts";
import type { IntrospectionAnswer } from "./read-answer.ts";

/** An answer, or why there is none. */
export type IntrospectionOutcome =
  | IntrospectionAnswer
  | { readonly kind: "unavailable"; readonly fault: FaultKind; readonly detail: string };

export interface Introspector {
  readonly asked: IntrospectedIssuer;
  /** Never rejects. */
  introspect(token: string): Promise<IntrospectionOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export interface IntrospectorHost {
  readonly clock: () => number;
  readonly logger: OperationalLog;
  /** Each question that was asked, or would have been. */
  onAsked(sample: IntrospectionSample): void;
  /** Whether an answer was remembered. */
  onRecalled(result: "hit" | "miss"): void;
}

/** How long it is left alone once it failed too often; then one question goes through to see. */
export const BREAKER_PAUSE_MS = 5000;
/** Half of the last twenty questions, and at least five of them. */
const BREAKER = { threshold: 0.5, size: 20, minimumNumberOfCalls: 5 } as const;

export function createIntrospector(asked: IntrospectedIssuer, host: IntrospectorHost): Introspector {
  const { alias: issuer, introspection } = asked;
  const { maxConcurrent, maxQueued, timeoutMs } = introspection;
  const endpoint = createEndpoint(asked, host.clock);
  const cache = createAnswerCache(asked, host.clock);
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof IntrospectionFault && error.isOutage),
    { halfOpenAfter: BREAKER_PAUSE_MS, breaker: new CountBreaker(BREAKER) },
  );
  breaker.onStateChange((state) => tellState(state, { issuer, logger: host.logger }));
  const bounded = wrap(bulkhead(maxConcurrent, maxQueued), breaker);
  const closing = new AbortController();
  const flights = new Map<string, Promise<IntrospectionOutcome>>();

  const ask = async (token: string): Promise<IntrospectionOutcome> => {
    const startedMs = performance.now();
    // One time for waiting and asking: it begins before the queue.
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
    const outcome = await bounded
      .execute(() => endpoint.ask(token, signal), signal)
      .catch((error: unknown): IntrospectionOutcome => describeFault(error, host.logger));
    const result = outcome.kind === "unavailable" ? outcome.fault : outcome.kind;
    host.onAsked({ issuer, result, durationMs: performance.now() - startedMs });
    return outcome;
  };

  return {
    asked,
    introspect(token) {
      const key = cache.nameKey(token);
      const remembered = cache.find(key);
      host.onRecalled(remembered === undefined ? "miss" : "hit");
      if (remembered !== undefined) return Promise.resolve(remembered);
      const underWay = flights.get(key);
      if (underWay !== undefined) return underWay;
      const flight = ask(token)
        .then((outcome) => {
          if (outcome.kind !== "unavailable") cache.keep(key, outcome);
          return outcome;
        })
        .finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    async close() {
      closing.abort(new DOMException("the configuration is gone", "AbortError"));
      await endpoint.close();
    },
  };
}

function describeFault(error: unknown, logger: OperationalLog): IntrospectionOutcome {
  const tell = (fault: FaultKind, detail: string): IntrospectionOutcome => ({
    kind: "unavailable",
    fault,
    detail,
  });
  if (error instanceof IntrospectionFault) return tell(error.kind, error.message);
  if (error instanceof BulkheadRejectedError)
    return tell("overloaded", "too many questions wait for their turn");
  if (error instanceof BrokenCircuitError) return tell("breaker_open", "the endpoint failed too often");
  if (error instanceof TaskCancelledError) return tell("timeout", "no turn came in time");
  if (error instanceof DOMException) return tell("timeout", "no answer in time");
  logger.error({ err: error }, "a defect in introspection; the token was refused");
  return tell("bad_answer", "a defect");
}

function tellState(
  state: CircuitState,
  { issuer, logger }: { readonly issuer: string; readonly logger: OperationalLog },
): void {
  if (state === CircuitState.Open)
    logger.warn({ issuer }, "introspection fails: its endpoint is left alone for some seconds");
  else if (state === CircuitState.Closed) logger.info({ issuer }, "introspection works again");
}
