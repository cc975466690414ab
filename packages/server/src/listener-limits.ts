/** The bounds of each HTTP listener, as a configuration gives them. */

import type { Configuration } from "./config/configuration.ts";
import type { HttpDoorLimits } from "./listeners/door.ts";

// Room for what a request carries besides its token.
const OTHER_HEADER_BYTES = 8192;
// The library's own defaults.
const DEFAULT_TOKEN_BYTES = 8192;
const DEFAULT_ML_DSA_TOKEN_BYTES = 16_384;
const DECISION_TIMEOUT_MS = 10_000;
const ADMIN_CONNECTIONS = 256;
const ADMIN_HEADER_BYTES = 16_384;
// undici's timers may fire a second late.
const TIMER_MARGIN_MS = 2000;

/** Gateways send one header section and nothing else. */
export function limitDecisions(configuration: Configuration): HttpDoorLimits {
  return {
    maxHeaderBytes: chooseHeaderBytes(configuration),
    headersTimeoutMs: DECISION_TIMEOUT_MS,
    requestTimeoutMs: DECISION_TIMEOUT_MS,
    silenceTimeoutMs: undefined,
    maxConnections: configuration.overload.maxConnections,
  };
}

export function limitProxy(configuration: Configuration): HttpDoorLimits {
  const { proxy, overload } = configuration;
  return {
    maxHeaderBytes: chooseHeaderBytes(configuration),
    headersTimeoutMs: Math.min(proxy.clientHeadersTimeoutMs, proxy.requestTimeoutMs),
    requestTimeoutMs: proxy.requestTimeoutMs,
    // Longer than the upstream may be silent: what ends here is a client that no longer reads its answer.
    silenceTimeoutMs: proxy.connectTimeoutMs + proxy.headersTimeoutMs + proxy.bodyTimeoutMs + TIMER_MARGIN_MS,
    maxConnections: overload.maxConnections,
  };
}

export function limitAdmin(): HttpDoorLimits {
  return {
    maxHeaderBytes: ADMIN_HEADER_BYTES,
    headersTimeoutMs: DECISION_TIMEOUT_MS,
    requestTimeoutMs: DECISION_TIMEOUT_MS,
    silenceTimeoutMs: undefined,
    maxConnections: ADMIN_CONNECTIONS,
  };
}

/** As configured, and at least the longest token that the validator reads: a longer one is refused by it, with its reason. */
export function chooseHeaderBytes({ limits, issuers, proxy }: Configuration): number {
  const hasLongSignatures = issuers.some(({ algorithms }) =>
    algorithms?.some((name) => name.startsWith("ML-DSA")),
  );
  const tokenBytes =
    limits.tokenBytes ?? (hasLongSignatures ? DEFAULT_ML_DSA_TOKEN_BYTES : DEFAULT_TOKEN_BYTES);
  return Math.max(proxy.maxHeaderBytes, tokenBytes + OTHER_HEADER_BYTES);
}
