import { ConfigurationError, MemoryReplayStore } from "countersign";

import { chooseWorkerCount } from "./cluster/worker-count.ts";
import type { Configuration } from "./config/configuration.ts";
import type { RunningServer, ServerOptions } from "./running-server.ts";
import { KeyStores } from "./shared-validator.ts";
import { Sidecar } from "./sidecar.ts";
import { watchEventLoopDelay } from "./telemetry/event-loop-delay.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createOperationalLog } from "./telemetry/operational-log.ts";
import { VERSION } from "./version.ts";

type Host = Pick<
  ConstructorParameters<typeof Sidecar>[1],
  "logger" | "clock" | "metrics" | "keyStores" | "replay"
>;

/** First uses of DPoP proofs, each for about a minute: 7000 a second; some 250 bytes each. */
const MAX_REMEMBERED_USES = 500_000;

/**
 * Starts the sidecar: resolves when every listener accepts. Keys are fetched meanwhile; until they are
 * there `/healthz/ready` says 503, and so does every decision that needs them.
 *
 * @throws ConfigurationError where the library refuses the issuers.
 * @throws TypeError where options are given that several processes cannot have.
 * @throws Error where an address cannot be had, or a worker does not start; nothing is left running then.
 */
export async function startServer(
  configuration: Configuration,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const clock = options.clock ?? Date.now;
  const host: Host = {
    logger: options.logger ?? createOperationalLog(),
    clock,
    metrics: createMetrics({ version: VERSION, clock }),
    keyStores: new KeyStores(),
    replay: new MemoryReplayStore({ clock, maxEntries: MAX_REMEMBERED_USES }),
  };
  const countWorkers = (next: Configuration): number =>
    chooseWorkerCount(next.workers ?? options.workers ?? 1);
  if (countWorkers(configuration) === 1) return startAlone(configuration, { host, options, countWorkers });
  for (const name of ["clock", "validator"] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(`the option ${name} is for one process: set workers to 1, or leave ${name} out`);
  }
  // Loaded late: who has one process needs none of it.
  const { startPrimary } = await import("./cluster/primary.ts");
  return startPrimary(configuration, { ...host, onDecision: options.onDecision, countWorkers });
}

async function startAlone(
  configuration: Configuration,
  setup: {
    readonly host: Host;
    readonly options: ServerOptions;
    readonly countWorkers: (configuration: Configuration) => number;
  },
): Promise<RunningServer> {
  const { host, options, countWorkers } = setup;
  const { metrics } = host;
  const eventLoop = watchEventLoopDelay((eventLoopDelayMs) => metrics.setLoad({ eventLoopDelayMs }));
  metrics.setWorkers({ serving: 1, wanted: 1 });
  try {
    const sidecar = new Sidecar(configuration, {
      ...host,
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
      reload: (load) =>
        sidecar.reload(async () => {
          const next = await load();
          if (countWorkers(next) !== 1) throw new ConfigurationError([NEEDS_RESTART]);
          return next;
        }),
      close: () => sidecar.close(),
      failure: new Promise(() => undefined),
    };
  } catch (error) {
    eventLoop.stop();
    throw error;
  }
}

const NEEDS_RESTART = {
  path: "workers",
  problem: "the sidecar runs in one process, and becomes several only when it starts",
  remedy: "Start it again, or write `workers: 1`.",
} as const;
