import type { Configuration } from "./config/configuration.ts";
import type { RunningServer, ServerOptions } from "./running-server.ts";
import { KeyStores } from "./shared-validator.ts";
import { Sidecar } from "./sidecar.ts";
import { watchEventLoopDelay } from "./telemetry/event-loop-delay.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createOperationalLog } from "./telemetry/operational-log.ts";
import { VERSION } from "./version.ts";

/**
 * Starts the sidecar: resolves when every listener accepts. Keys are fetched meanwhile; until they are
 * there `/healthz/ready` says 503, and so does every decision that needs them.
 *
 * @throws ConfigurationError where the library refuses the issuers.
 * @throws Error where an address cannot be had; nothing is left running then.
 */
export async function startServer(
  configuration: Configuration,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const clock = options.clock ?? Date.now;
  const metrics = createMetrics({ version: VERSION, clock });
  const eventLoop = watchEventLoopDelay((eventLoopDelayMs) => metrics.setLoad({ eventLoopDelayMs }));
  try {
    const sidecar = new Sidecar(configuration, {
      logger: options.logger ?? createOperationalLog(),
      clock,
      metrics,
      keyStores: new KeyStores(),
      given: options.validator,
      onDecision: options.onDecision,
      eventLoop,
    });
    await sidecar.open();
    return {
      addresses: sidecar.addresses,
      get validator() {
        return sidecar.validator;
      },
      reload: (load) => sidecar.reload(load),
      close: () => sidecar.close(),
    };
  } catch (error) {
    eventLoop.stop();
    throw error;
  }
}
