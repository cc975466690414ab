import cluster from "node:cluster";
import { MemoryReplayStore } from "countersign";

import { startPrimary } from "../../src/cluster/primary.ts";
import { chooseWorkerCount } from "../../src/cluster/worker-count.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import type { DecisionEvent } from "../../src/decision/decision-event.ts";
import type { RunningServer } from "../../src/running-server.ts";
import { KeyStores } from "../../src/shared-validator.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

export interface Cluster extends RunningServer {
  readonly decision: string;
  readonly proxy: string;
  readonly events: DecisionEvent[];
  readonly log: { readonly level: string; readonly fields: object; readonly message: string }[];
  /** Process ids of the workers that there are now. */
  pids(): readonly number[];
  /** Decisions by worker, as far as they were told. */
  readonly decisionsBy: ReadonlyMap<number, number>;
}

export interface ClusterSetup {
  readonly issuers: readonly object[];
  /** YAML beside `listeners`, `issuers` and `workers`. */
  readonly rest: string;
  readonly workers: number;
  readonly listeners?: string;
}

export function parseCluster({ issuers, rest, workers, listeners }: ClusterSetup): Configuration {
  const where = listeners ?? 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';
  const text = `listeners: { ${where} }\nissuers: ${JSON.stringify(issuers)}\nworkers: ${workers}\n${rest}\n`;
  return parseConfiguration(text, { env: {}, baseDir: "/" });
}

/** Starts a primary in this process, with real workers. */
export async function startCluster(setup: ClusterSetup): Promise<Cluster> {
  const metrics = createMetrics({ version: "test", clock: Date.now });
  const decisionsBy = new Map<number, number>();
  const events: DecisionEvent[] = [];
  const log: { level: string; fields: object; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields, message });
  const server = await startPrimary(parseCluster(setup), {
    logger: { info: at("info"), warn: at("warn"), error: at("error") },
    clock: Date.now,
    metrics: {
      ...metrics,
      addReport(worker, report) {
        for (const [key, [, value]] of report.changes) {
          if (key === "decisions") decisionsBy.set(worker, (decisionsBy.get(worker) ?? 0) + value);
        }
        metrics.addReport(worker, report);
      },
    },
    keyStores: new KeyStores(),
    replay: new MemoryReplayStore(),
    localUses: new MemoryReplayStore(),
    onDecision: (event) => events.push(event),
    countWorkers: (configuration) => chooseWorkerCount(configuration.workers ?? 1),
  });
  const { decision = "", proxy = "" } = server.addresses;
  const pids = (): readonly number[] =>
    Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? []);
  return Object.assign(server, { decision, proxy, events, log, pids, decisionsBy });
}
