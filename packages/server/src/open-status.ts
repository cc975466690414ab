/** What a sidecar has for the status of tokens: the stores, the feed and the API, all of them older than any configuration. */

import type { ReplayStore, Validator } from "countersign";

import type { AdminSetup } from "./admin/admin-listener.ts";
import { ApiError } from "./admin/api/api-route.ts";
import { createApi } from "./admin/api/create-api.ts";
import { listInventoryRoutes } from "./admin/api/inventory-routes.ts";
import { listKeyRoutes } from "./admin/api/key-routes.ts";
import { createOauthRoute } from "./admin/api/oauth-route.ts";
import { listRevocationRoutes } from "./admin/api/revocation-routes.ts";
import { openTokenFile } from "./admin/api/token-file.ts";
import { keepDescribed } from "./admin/describe-in-force.ts";
import type { KeyHolders } from "./admin/held-keys.ts";
import { openAudit } from "./audit/open-audit.ts";
import { SidecarAudit } from "./audit/sidecar-audit.ts";
import type { Configuration } from "./config/configuration.ts";
import { type GuardedReplayStore, guardReplay } from "./revocation/guard-replay.ts";
import { type OpenedReplayStore, openReplayMemory, openReplayStore } from "./revocation/open-stores.ts";
import { Revocations } from "./revocation/revocations.ts";
import { openSignals } from "./signals/open-signals.ts";
import { openPublishedLists } from "./status-lists/open-status-lists.ts";
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
  readonly replay: OpenedReplayStore | GuardedReplayStore;
  /** What workers ask about first uses: the store itself where it is memory, else what this machine remembers. */
  readonly localUses: ReplayStore;
  /** Undefined where nothing can be revoked. */
  readonly revocations: Revocations | undefined;
  readonly api: AdminSetup["api"] | undefined;
  /** Undefined where there is no trail. */
  readonly audit: SidecarAudit | undefined;
  /** Tells what is in force, once there is something: until then the API has nobody to ask about tokens. */
  serve(inForce: () => InForce): void;
  close(): Promise<void>;
}

type InForce = KeyHolders & { readonly validator: Validator; readonly configuration: Configuration };

function failUnserved(): never {
  throw new ApiError(503, "starting", "the sidecar is still starting; ask again");
}

/** @throws ConfigurationError where the file with the operators' token cannot be had. */
export async function openStatus(configuration: Configuration, setup: StatusSetup): Promise<Status> {
  const { clock, logger, metrics } = setup;
  const token = configuration.api && (await openTokenFile(configuration.api.tokenFile));
  const audit =
    configuration.audit &&
    new SidecarAudit(await openAudit(configuration.audit, { ...setup, version: VERSION }), clock);
  const shared = openReplayStore(configuration.replay.store, clock);
  const localUses = configuration.replay.store === "memory" ? shared : openReplayMemory(clock);
  const replay = localUses === shared ? shared : guardReplay(shared, { ...setup, local: localUses });
  const revocations =
    configuration.revocation &&
    new Revocations({ ...setup, configuration: configuration.revocation, version: VERSION, audit });
  let inForce: () => InForce = failUnserved;
  const asked = {
    issuers: () => inForce().configuration.issuers,
    validator: () => inForce().validator,
    holders: () => inForce(),
    clock,
  };
  const signals =
    configuration.signals !== undefined && revocations !== undefined
      ? openSignals({ ...asked, configuration: configuration.signals, revocations, logger, metrics })
      : undefined;
  const lists = openLists(configuration, { ...asked, revocations, logger, metrics });
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
            ...listKeyRoutes({ ...asked, revocations, metrics }),
            ...listInventoryRoutes({ ...asked, revocations, metrics }),
            ...(configuration.api.clients.length > 0 ? [createOauthRoute({ ...asked, revocations })] : []),
            ...(signals?.routes ?? []),
            ...(lists?.routes ?? []),
          ],
        })
      : undefined;
  revocations?.start();
  let stopDescribing = (): void => undefined;
  return {
    replay,
    localUses,
    revocations,
    api,
    audit,
    serve(next) {
      inForce = next;
      signals?.start();
      if (revocations !== undefined) stopDescribing = keepDescribed(revocations, { inForce: next, clock });
    },
    async close() {
      stopDescribing();
      // What was taken last has to be durable still.
      await signals?.close();
      await Promise.all([lists?.close(), revocations?.close(), replay.close()]);
      await audit?.close();
    },
  };
}

type ListsSetup = Parameters<typeof openPublishedLists>[0];

function openLists(
  { publishedStatusLists }: Configuration,
  { revocations, ...asked }: Omit<ListsSetup, "configuration" | "revocations"> & Pick<Status, "revocations">,
): ReturnType<typeof openPublishedLists> | undefined {
  if (publishedStatusLists === undefined || revocations === undefined) return undefined;
  return openPublishedLists({ ...asked, configuration: publishedStatusLists, revocations });
}
