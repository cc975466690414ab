import { ConfigurationError } from "countersign";
import { createKeyPublisher } from "countersign/sharing";

import { judgeCanary, readSharedKeys } from "./admin/held-keys.ts";
import type { OpenedAssertionKeys } from "./assertion/open-assertion-keys.ts";
import type { SidecarAudit } from "./audit/sidecar-audit.ts";
import { chooseWorkerCount } from "./cluster/worker-count.ts";
import type { Configuration } from "./config/configuration.ts";
import { DecisionAuditor } from "./decision/decision-auditor.ts";
import { openAssertions } from "./open-assertions.ts";
import { openStatus, type Status } from "./open-status.ts";
import type { RunningServer, ServerOptions, ServingServer } from "./running-server.ts";
import { KeyStores } from "./shared-validator.ts";
import { Sidecar } from "./sidecar.ts";
import { watchEventLoopDelay } from "./telemetry/event-loop-delay.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createOperationalLog } from "./telemetry/operational-log.ts";
import { VERSION } from "./version.ts";

type Host = Pick<
  ConstructorParameters<typeof Sidecar>[1],
  "logger" | "clock" | "metrics" | "keyStores" | "replay" | "api" | "audit" | "auditDecision" | "assertions"
>;

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
  const countWorkers = (next: Configuration): number =>
    chooseWorkerCount(next.workers ?? options.workers ?? 1);
  const judges = countWorkers(configuration) === 1;
  for (const name of ["clock", "validator"] as const) {
    if (judges || options[name] === undefined) continue;
    throw new TypeError(`the option ${name} is for one process: set workers to 1, or leave ${name} out`);
  }
  const logger = options.logger ?? createOperationalLog();
  const metrics = createMetrics({ version: VERSION, clock });
  const status = await openStatus(configuration, { logger, clock, metrics, judges });
  let assertions: OpenedAssertionKeys | undefined;
  try {
    assertions = await openAssertions(configuration, { logger, clock });
    const host: Host = {
      logger,
      clock,
      metrics,
      keyStores: new KeyStores(),
      ...(status.audit !== undefined && auditOf(status.audit, { configuration, clock, judges })),
      replay: status.replay,
      ...(status.api !== undefined && { api: status.api }),
      ...(assertions !== undefined && { assertions }),
    };
    await status.audit?.recordApplied(configuration);
    const server = judges
      ? await startAlone(configuration, { host, options, countWorkers, status })
      : await startMany(configuration, { host, options, countWorkers, status });
    status.serve(() => server);
    return endWith(server, [status, assertions]);
  } catch (error) {
    await closeAll([status, assertions]);
    throw error;
  }
}

type Closable = { close(): Promise<void> } | undefined;

async function closeAll(parts: readonly Closable[]): Promise<void> {
  await Promise.all(parts.map(async (part) => part?.close()));
}

/** The stores end after everything that asks them. */
function endWith(server: ServingServer, parts: readonly Closable[]): RunningServer {
  const { addresses, failure, reload } = server;
  let closing: Promise<void> | undefined;
  return {
    addresses,
    get validator() {
      return server.validator;
    },
    reload,
    close() {
      closing ??= server.close().then(() => closeAll(parts));
      return closing;
    },
    failure: failure.then(async (reason) => {
      await closeAll(parts);
      return reason;
    }),
  };
}

/** Where requests are judged in this process, it tells of decisions itself. */
function auditOf(
  audit: SidecarAudit,
  setup: {
    readonly configuration: Configuration;
    readonly clock: () => number;
    readonly judges: boolean;
  },
): Pick<Host, "audit" | "auditDecision"> {
  const { configuration, clock, judges } = setup;
  if (!judges || configuration.audit === undefined) return { audit };
  const auditor = new DecisionAuditor({ configuration: configuration.audit, sink: audit, clock });
  audit.beforeClose(() => auditor.close());
  return { audit, auditDecision: (report) => auditor.record(report) };
}

interface StartSetup {
  readonly host: Host;
  readonly options: ServerOptions;
  readonly countWorkers: (configuration: Configuration) => number;
  readonly status: Status;
}

async function startMany(configuration: Configuration, setup: StartSetup): Promise<ServingServer> {
  const { host, options, countWorkers, status } = setup;
  const { revocations, localUses } = status;
  // Loaded late: who has one process needs none of it.
  const { startPrimary } = await import("./cluster/primary.ts");
  return startPrimary(configuration, {
    ...host,
    localUses,
    ...(revocations !== undefined && { revocations }),
    onDecision: options.onDecision,
    countWorkers,
  });
}

async function startAlone(configuration: Configuration, setup: StartSetup): Promise<ServingServer> {
  const { host, options, countWorkers, status } = setup;
  const { metrics } = host;
  const { revocations } = status;
  const eventLoop = watchEventLoopDelay((load) => metrics.setLoad(load));
  metrics.setWorkers({ serving: 1, wanted: 1 });
  try {
    const sidecar = new Sidecar(configuration, {
      ...host,
      ...(revocations !== undefined && {
        revocations: revocations.followed,
        revocation: () => revocations.readiness(),
      }),
      given: options.validator,
      shareKeys: () => createKeyPublisher({ onChange: () => undefined }),
      onDecision: options.onDecision,
      eventLoop,
    });
    await sidecar.open();
    return {
      addresses: sidecar.addresses,
      get validator() {
        return sidecar.validator;
      },
      get configuration() {
        return sidecar.configuration;
      },
      reload: (load) =>
        sidecar.reload(async () => {
          const next = await load();
          if (countWorkers(next) !== 1) throw new ConfigurationError([NEEDS_RESTART]);
          return next;
        }),
      close: () => sidecar.close(),
      failure: new Promise(() => undefined),
      async readKeys() {
        const keys = [...readSharedKeys(sidecar.keySharing)];
        return {
          processes: ALONE,
          issuers: new Map(keys.map(([name, held]) => [name, { keys: held, upToDate: 1 }])),
        };
      },
      judgeCanary: async (token) => ({
        processes: ALONE,
        verdicts: [await judgeCanary(sidecar.validator, token)],
      }),
    };
  } catch (error) {
    eventLoop.stop();
    throw error;
  }
}

const ALONE = { judging: 1, answered: 1 } as const;

const NEEDS_RESTART = {
  path: "workers",
  problem: "the sidecar runs in one process, and becomes several only when it starts",
  remedy: "Start it again, or write `workers: 1`.",
} as const;
