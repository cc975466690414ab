/** Exchanges tokens at one endpoint for one target: from memory, together with whoever asks the same, within bounds. */

import type { NamedExchange } from "../config/exchange-configuration.ts";
import { EndpointFault, type FaultKind } from "../oauth-client/endpoint-fault.ts";
import { createEndpointGuard } from "../oauth-client/guard-endpoint.ts";
import type { ExchangeSample } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createTokenEndpoint, type ExchangeAnswer } from "./ask-token-endpoint.ts";
import { createTokenMemory, type SubjectToken } from "./token-memory.ts";

/** A token, a refusal, or why there is neither. */
export type ExchangeOutcome =
  | ExchangeAnswer
  | { readonly kind: "unavailable"; readonly fault: FaultKind; readonly detail: string };

export interface Exchanger {
  readonly exchange: NamedExchange;
  /** At once where it is remembered. Never rejects. */
  exchangeToken(subject: SubjectToken): ExchangeOutcome | Promise<ExchangeOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

export interface ExchangerHost {
  readonly clock: () => number;
  readonly logger: OperationalLog;
  /** Each exchange that was asked for, or would have been. */
  onAsked(sample: ExchangeSample): void;
  /** Whether a token was remembered. */
  onRecalled(result: "hit" | "miss"): void;
}

export function createExchanger(named: NamedExchange, host: ExchangerHost): Exchanger {
  const { name, exchange } = named;
  const endpoint = createTokenEndpoint(exchange);
  const memory = createTokenMemory(named, host.clock);
  const guard = createEndpointGuard({
    bounds: exchange,
    logger: host.logger,
    purpose: "token exchange",
    fields: { exchange: name },
  });
  const flights = new Map<string, Promise<ExchangeOutcome>>();

  const ask = async (token: string): Promise<ExchangeOutcome> => {
    const startedMs = performance.now();
    const outcome = await guard.run((signal) => endpoint.exchange(token, signal)).catch(describeFault);
    const result = outcome.kind === "unavailable" ? outcome.fault : outcome.kind;
    host.onAsked({ exchange: name, result, durationMs: performance.now() - startedMs });
    return outcome;
  };

  return {
    exchange: named,
    exchangeToken(subject) {
      const key = memory.nameKey(subject);
      const remembered = memory.find(key);
      host.onRecalled(remembered === undefined ? "miss" : "hit");
      if (remembered !== undefined) return remembered;
      const underWay = flights.get(key);
      if (underWay !== undefined) return underWay;
      const askedAt = host.clock();
      const flight = ask(subject.text)
        .then((answer) => {
          if (answer.kind !== "unavailable") memory.keep(key, { answer, subject, askedAt });
          return answer;
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

function describeFault(error: unknown): ExchangeOutcome {
  if (!(error instanceof EndpointFault)) throw error;
  return { kind: "unavailable", fault: error.kind, detail: error.message };
}
