import { ConfigurationError, createValidator, KeysNotReadyError } from "countersign";
import { isLoopback } from "./check-url.ts";
import type { ProbeSettings } from "./probe-settings.ts";

const TARGET = "engine";

/** Last, the engine itself fetches the keys as it would in service: its word counts, whatever the steps before say. */
export async function tryEngine(
  issuer: URL,
  { log, timeoutMs, issuerText, jwksUri }: ProbeSettings,
): Promise<void> {
  const started = performance.now();
  const bounds = {
    timeoutMs: Math.min(timeoutMs, 30_000),
    insecureLoopbackHttp: isLoopback(jwksUri ?? issuer),
  };
  const keys =
    jwksUri === undefined ? { discovery: true as const, ...bounds } : { jwksUri: jwksUri.href, ...bounds };
  try {
    const validator = createValidator({
      issuers: [{ issuer: issuerText, name: "probed", audiences: "unchecked", keys }],
    });
    try {
      await validator.ready();
    } finally {
      await validator.close();
    }
  } catch (error) {
    if (!(error instanceof KeysNotReadyError || error instanceof ConfigurationError)) throw error;
    const detail =
      error instanceof KeysNotReadyError ? error.failures[0]?.problem : `${error.path}: ${error.problem}`;
    log.add(TARGET, {
      name: "ready",
      outcome: "failed",
      detail: detail ?? "the keys cannot be had",
      remedy:
        "See the steps above. The engine is stricter than they are: it admits no conflict between documents.",
      durationMs: performance.now() - started,
    });
    return;
  }
  log.add(TARGET, {
    name: "ready",
    outcome: "passed",
    detail: jwksUri === undefined ? "`keys: { discovery: true }` works" : "`keys: { jwksUri }` works",
    durationMs: performance.now() - started,
  });
}
