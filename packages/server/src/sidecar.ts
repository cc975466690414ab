/** The running sidecar in one process: it judges, fetches keys, and answers operators. */

import type { Validator } from "countersign";
import type { KeySharing } from "countersign/sharing";

import type { AdminSetup } from "./admin/admin-listener.ts";
import { requireKeys } from "./await-keys.ts";
import type { Configuration } from "./config/configuration.ts";
import type { DataSideHost } from "./data-side.ts";
import { DataSide } from "./data-side.ts";
import { meterConfiguration } from "./meter-configuration.ts";
import { Reloads } from "./reloads.ts";
import { requireSameStores } from "./revocation/require-same-stores.ts";
import type { ReloadOutcome, ServerAddresses } from "./running-server.ts";
import { VERSION } from "./version.ts";
import { wantAdminDoor } from "./wanted-doors.ts";

/** What the process has beside its data side. */
export type SidecarHost = DataSideHost & Pick<AdminSetup, "api" | "revocation">;

export class Sidecar {
  readonly #host: SidecarHost;
  readonly #data: DataSide;
  readonly #reloads: Reloads;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError where the library refuses the issuers. */
  constructor(configuration: Configuration, host: SidecarHost) {
    const { metrics, logger } = host;
    const isStopping = (): boolean => this.#closing !== undefined;
    this.#host = host;
    this.#data = new DataSide(configuration, {
      host,
      awaitParts: async (next, inForce) => {
        if (next.readiness !== inForce.readiness) next.readiness.start(next.validator);
        await requireKeys(next, inForce);
      },
      listOtherDoors: (next) => [
        wantAdminDoor(next, {
          metrics,
          readiness: { list: () => this.#data.inForce.readiness.list() },
          isStopping,
          ...(host.revocation !== undefined && { revocation: host.revocation }),
          ...(host.api !== undefined && { api: host.api }),
          ...(host.assertions !== undefined && { assertions: host.assertions }),
        }),
      ],
    });
    this.#reloads = new Reloads({
      metrics,
      logger,
      audit: host.audit,
      isStopping,
      inForce: () => this.#data.inForce,
      exchange: (next) => this.#exchange(next),
    });
    meterConfiguration(this.#data.inForce, host);
  }

  get addresses(): ServerAddresses {
    return this.#data.addresses;
  }

  get configuration(): Configuration {
    return this.#data.inForce.configuration;
  }

  get validator(): Validator {
    return this.#data.inForce.validator;
  }

  get keySharing(): KeySharing | undefined {
    return this.#data.inForce.shared.validator.value.keySharing;
  }

  /** @throws Error where an address cannot be had; nothing is left running then. */
  async open(): Promise<void> {
    try {
      await this.#data.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    const { readiness, validator } = this.#data.inForce;
    readiness.start(validator);
    this.#host.logger.info({ addresses: this.addresses, version: VERSION }, "listening");
  }

  reload(load: () => Promise<Configuration> | Configuration): Promise<ReloadOutcome> {
    return this.#reloads.reload(load);
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #exchange(configuration: Configuration): Promise<void> {
    requireSameStores(configuration, this.#data.inForce.configuration);
    this.#data.commit(await this.#data.prepare(configuration));
    const { inForce, addresses } = this.#data;
    meterConfiguration(inForce, this.#host);
    this.#host.logger.info({ hash: inForce.hash, addresses }, "the new configuration is in force");
  }

  async #stop(): Promise<void> {
    await this.#reloads.settled();
    await this.#data.close();
    this.#host.eventLoop.stop();
    this.#host.logger.info({}, "stopped");
  }
}
