/** The replay store with what routes may do without it, told to whoever watches. */

import type { ReplayStore } from "countersign";

import type { RouteConfiguration } from "../config/configuration.ts";
import { type ReplayEvent, ReplayGuard } from "../stores/replay-guard.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import type { ReplayMetrics } from "../telemetry/replay-metrics.ts";
import type { OpenedReplayStore } from "./open-stores.ts";

export interface GuardedReplayStore extends OpenedReplayStore {
  /** For one route; see `ReplayGuard`. */
  except: ReplayGuard["except"];
}

export function guardReplay(
  shared: OpenedReplayStore,
  {
    local,
    logger,
    metrics,
  }: { readonly local: ReplayStore; readonly logger: OperationalLog; readonly metrics: ReplayMetrics },
): GuardedReplayStore {
  const guard = new ReplayGuard({ shared, local, observer: (event) => tell(event, { logger, metrics }) });
  return {
    use: (key, expiresAtMs) => guard.use(key, expiresAtMs),
    except(exception) {
      metrics.initializeReplay();
      return guard.except(exception);
    },
    close: () => shared.close(),
  };
}

/** Each use that was let pass is a line: that is the exception's audit. */
function tell(
  event: ReplayEvent,
  { logger, metrics }: { readonly logger: OperationalLog; readonly metrics: ReplayMetrics },
): void {
  switch (event.type) {
    case "store_lost":
      metrics.setReplayStoreLost(true);
      logger.error({}, "the replay store does not answer");
      return;
    case "store_back":
      metrics.setReplayStoreLost(false);
      logger.info({}, "the replay store answers again");
      return;
    case "accepted_locally":
      metrics.recordReplayException("accepted");
      logger.warn(
        { ...event.exception, use: event.use },
        "a first use was accepted that only this machine knows of: the route's exception while the replay store is away",
      );
      return;
    case "refused_locally":
      metrics.recordReplayException("refused");
      logger.warn({ ...event.exception, use: event.use }, "a use was refused that this machine knows of");
      return;
    case "exception_over":
      metrics.recordReplayException("over");
      return;
    case "known_elsewhere":
      metrics.recordReplayException("known_elsewhere");
      logger.warn(
        { use: event.use },
        "a use that was accepted without the replay store was known there: presented elsewhere, or again since, or recorded without an answer",
      );
      return;
  }
}

/** What each route asks in place of the store: those without an exception are not in it. */
export function listReplayExceptions(
  routes: readonly RouteConfiguration[],
  replay: ReplayStore & Partial<Pick<GuardedReplayStore, "except">>,
): ReadonlyMap<RouteConfiguration, ReplayStore> {
  return new Map(
    routes.flatMap((route): [RouteConfiguration, ReplayStore][] => {
      const { localReplaySeconds: seconds, hosts = [], path } = route;
      if (seconds === undefined || replay.except === undefined) return [];
      return [[route, replay.except({ route: `${hosts.join(" ")}${path}`, seconds })]];
    }),
  );
}
