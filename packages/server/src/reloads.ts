/** Exchanges of the configuration: one after the other, each whole or not at all, and each told. */

import type { ConfigurationProblem } from "countersign";
import { ConfigurationError } from "countersign";

import type { SidecarAudit } from "./audit/sidecar-audit.ts";
import type { Configuration } from "./config/configuration.ts";
import type { ReloadOutcome } from "./running-server.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface ReloadsSetup {
  readonly metrics: Metrics;
  readonly logger: OperationalLog;
  /** Absent where there is no trail. */
  readonly audit?: Pick<SidecarAudit, "recordApplied" | "recordRefused"> | undefined;
  inForce(): { readonly configuration: Configuration; readonly hash: string };
  isStopping(): boolean;
  /** Brings it into force. @throws ConfigurationError where it cannot be; nothing has changed then. */
  exchange(configuration: Configuration): Promise<void>;
}

const STOPPING = {
  path: "(root)",
  problem: "the sidecar is being stopped",
  remedy: "Start it again.",
} as const;

export class Reloads {
  readonly #setup: ReloadsSetup;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(setup: ReloadsSetup) {
    this.#setup = setup;
  }

  /** One after the other, in the order of the calls. */
  reload(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    const change = this.#changes.then(() => this.#change(load));
    this.#changes = change.catch(() => undefined);
    return change;
  }

  /** Resolves when no exchange is under way. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  async #change(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    const { metrics, inForce, isStopping, exchange, audit } = this.#setup;
    if (isStopping()) return this.#refuse([STOPPING]);
    try {
      const configuration = await load();
      if (JSON.stringify(configuration) === JSON.stringify(inForce().configuration)) {
        metrics.recordReload("unchanged");
        return { result: "unchanged", hash: inForce().hash };
      }
      await exchange(configuration);
      metrics.recordReload("applied");
      await audit?.recordApplied(configuration);
      return { result: "applied", hash: inForce().hash };
    } catch (error) {
      if (error instanceof ConfigurationError) return await this.#refuse(error.problems);
      metrics.recordReload("refused");
      throw error;
    }
  }

  async #refuse(problems: readonly ConfigurationProblem[]): Promise<ReloadOutcome> {
    const { metrics, logger, inForce, audit } = this.#setup;
    metrics.recordReload("refused");
    logger.error(
      { problems, hash: inForce().hash },
      "the new configuration was refused; the old one stays in force",
    );
    await audit?.recordRefused(problems, inForce().hash);
    return { result: "refused", problems };
  }
}
