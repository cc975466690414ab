/** Holds one endpoint, and whoever waits for it, within bounds: time, number, and a pause where it fails. */

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

import type { EndpointBounds } from "../config/client-credentials.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { EndpointFault } from "./endpoint-fault.ts";

export interface EndpointGuardSetup {
  readonly bounds: EndpointBounds;
  readonly logger: OperationalLog;
  /** What the endpoint is for, in messages: "introspection". */
  readonly purpose: string;
  /** From configuration: which endpoint it is. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface EndpointGuard {
  /** Rejects with an `EndpointFault`, whatever `ask` rejects with. */
  run<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Cuts what is under way. */
  close(): void;
}

/** How long it is left alone once it failed too often; then one question goes through to see. */
export const BREAKER_PAUSE_MS = 5000;
/** Half of the last twenty questions, and at least five of them. */
const BREAKER = { threshold: 0.5, size: 20, minimumNumberOfCalls: 5 } as const;

export function createEndpointGuard(setup: EndpointGuardSetup): EndpointGuard {
  const { timeoutMs, maxConcurrent, maxQueued } = setup.bounds;
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof EndpointFault && error.isOutage),
    { halfOpenAfter: BREAKER_PAUSE_MS, breaker: new CountBreaker(BREAKER) },
  );
  breaker.onStateChange((state) => tellState(state, setup));
  const bounded = wrap(bulkhead(maxConcurrent, maxQueued), breaker);
  const closing = new AbortController();
  return {
    async run(ask) {
      // One time for waiting and asking: it begins before the queue.
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
      try {
        return await bounded.execute(() => ask(signal), signal);
      } catch (error) {
        throw describeFault(error, setup);
      }
    },
    close: () => closing.abort(new DOMException("the configuration is gone", "AbortError")),
  };
}

function describeFault(error: unknown, { logger, purpose, fields }: EndpointGuardSetup): EndpointFault {
  if (error instanceof EndpointFault) return error;
  if (error instanceof BulkheadRejectedError)
    return new EndpointFault("overloaded", "too many questions wait for their turn");
  if (error instanceof BrokenCircuitError)
    return new EndpointFault("breaker_open", "the endpoint failed too often");
  if (error instanceof TaskCancelledError) return new EndpointFault("timeout", "no turn came in time");
  if (error instanceof DOMException) return new EndpointFault("timeout", "no answer in time");
  logger.error({ ...fields, err: error }, `a defect in ${purpose}; the request was refused`);
  return new EndpointFault("bad_answer", "a defect");
}

function tellState(state: CircuitState, { logger, purpose, fields }: EndpointGuardSetup): void {
  if (state === CircuitState.Open)
    logger.warn(fields, `${purpose} fails: its endpoint is left alone for some seconds`);
  else if (state === CircuitState.Closed) logger.info(fields, `${purpose} works again`);
}
