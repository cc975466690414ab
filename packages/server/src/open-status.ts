/** What a sidecar has for the status of tokens: the stores, the feed and the API, all of them older than any configuration. */

import type { Validator } from "countersign";

import type { AdminSetup } from "./admin/admin-listener.ts";
import { createApi } from "./admin/api/create-api.ts";
import { createOauthRoute } from "./admin/api/oauth-route.ts";
import { listRevocationRoutes } from "./admin/api/revocation-routes.ts";
import { openTokenFile } from "./admin/api/token-file.ts";
import { openAudit } from "./audit/open-audit.ts";
import { SidecarAudit } from "./audit/sidecar-audit.ts";
import type { Configuration } from "./config/configuration.ts";
import { type OpenedReplayStore, openReplayStore } from "./revocation/open-stores.ts";
import { Revocations } from "./revocation/revocations.ts";
import { openSignals } from "./signals/open-signals.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";
import { VERSION } from "./version.ts";

export interface StatusSetup {
  readonly logger: OperationalLog;
  readonly clock: () => number;
  readonly metrics: Metrics;
  /** Whether requests are judged in this process. */
  readonly judges: boolean;
}

export interface Status {
  readonly replay: OpenedReplayStore;
  /** Undefined where nothing can be revoked. */
  readonly revocations: Revocations | undefined;
  readonly api: AdminSetup["api"] | undefined;
  /** Undefined where there is no trail. */
  readonly audit: SidecarAudit | undefined;
  /** Tells what is in force, once there is something: until then the API has nobody to ask about tokens. */
  serve(inForce: () => { readonly validator: Validator; readonly configuration: Configuration }): void;
  close(): Promise<void>;
}

/** @throws ConfigurationError where the file with the operators' token cannot be had. */
export async function openStatus(configuration: Configuration, setup: StatusSetup): Promise<Status> {
  const { clock, logger } = setup;
  const token = configuration.api && (await openTokenFile(configuration.api.tokenFile));
  const audit =
    configuration.audit &&
    new SidecarAudit(await openAudit(configuration.audit, { ...setup, version: VERSION }), clock);
  const replay = openReplayStore(configuration.replay.store, clock);
  const revocations =
    configuration.revocation &&
    new Revocations({ ...setup, configuration: configuration.revocation, version: VERSION, audit });
  let inForce = (): { readonly validator: Validator; readonly configuration: Configuration } => {
    throw new Error("nothing is in force yet");
  };
  const asked = {
    issuers: () => inForce().configuration.issuers,
    validator: () => inForce().validator,
    clock,
  };
  const signals =
    configuration.signals !== undefined && revocations !== undefined
      ? openSignals({ ...asked, configuration: configuration.signals, revocations, logger })
      : undefined;
  const api =
    configuration.api !== undefined && revocations !== undefined && token !== undefined
      ? createApi({
          configuration: configuration.api,
          token,
          validator: asked.validator,
          logger,
          version: VERSION,
          routes: [
            ...listRevocationRoutes({ ...asked, revocations }),
            ...(configuration.api.clients.length > 0 ? [createOauthRoute({ ...asked, revocations })] : []),
            ...(signals?.routes ?? []),
          ],
        })
      : undefined;
  revocations?.start();
  return {
    replay,
    revocations,
    api,
    audit,
    serve(next) {
      inForce = next;
    },
    async close() {
      await Promise.all([signals?.close(), revocations?.close(), replay.close()]);
      await audit?.close();
    },
  };
}
