/** Asks one issuer about its tokens: from memory, together with whoever asks the same, and never more than it can take. */

import type { IntrospectedIssuer } from "../config/introspection-configuration.ts";
import { EndpointFault, type FaultKind } from "../oauth-client/endpoint-fault.ts";
import { createEndpointGuard } from "../oauth-client/guard-endpoint.ts";
import type { IntrospectionSample } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { createEndpoint } from "./ask-endpoint.ts";
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
  /** By how many seconds an issuer's clock is ahead of ours, by its answers. */
  onClock?(issuer: string, seconds: number): void;
}

export function createIntrospector(asked: IntrospectedIssuer, host: IntrospectorHost): Introspector {
  const { alias: issuer, introspection } = asked;
  const endpoint = createEndpoint(asked, {
    clock: host.clock,
    onClock: (seconds) => host.onClock?.(issuer, seconds),
  });
  const cache = createAnswerCache(asked, host.clock);
  const guard = createEndpointGuard({
    bounds: introspection,
    logger: host.logger,
    purpose: "introspection",
    fields: { issuer },
  });
  const flights = new Map<string, Promise<IntrospectionOutcome>>();

  const ask = async (token: string): Promise<IntrospectionOutcome> => {
    const startedMs = performance.now();
    const outcome = await guard.run((signal) => endpoint.ask(token, signal)).catch(describeFault);
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
      guard.close();
      await endpoint.close();
    },
  };
}

function describeFault(error: unknown): IntrospectionOutcome {
  if (!(error instanceof EndpointFault)) throw error;
  return { kind: "unavailable", fault: error.kind, detail: error.message };
}
