/** The listeners that a configuration asks for, and what answers behind each. */

import type { AdminSetup } from "./admin/admin-listener.ts";
import { createAdminHandler } from "./admin/admin-listener.ts";
import type { Configuration, ListenAddress } from "./config/configuration.ts";
import { listUpstreams } from "./config/upstreams.ts";
import { describeProblem, respond } from "./decision/http-answer.ts";
import type { WantedDoor } from "./door-set.ts";
import type { Generation } from "./generation.ts";
import { limitAdmin, limitDecisions, limitProxy } from "./listener-limits.ts";
import type { Door } from "./listeners/door.ts";
import { GrpcDoor } from "./listeners/grpc-door.ts";
import type { DoorExchange } from "./listeners/http-door.ts";
import { HttpDoor } from "./listeners/http-door.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface DataDoorsSetup {
  readonly metrics: Metrics;
  readonly logger: OperationalLog;
  /** What answers: doors outlive configurations. */
  inForce(): Generation;
}

type HttpSetup = {
  readonly limits: ReturnType<typeof limitProxy>;
  handle(exchange: DoorExchange): void;
  onDropped?(): void;
};

const GONE = describeProblem({
  status: 503,
  title: "Service Unavailable",
  detail: "This listener is being closed",
  code: "closing",
});

/** The listeners where requests are judged. */
export function listDataDoors(configuration: Configuration, setup: DataDoorsSetup): readonly WantedDoor[] {
  const { decision, extAuthz, proxy } = configuration.listeners;
  const { metrics, logger, inForce } = setup;
  const onDropped = (): void => metrics.recordShed("connections");
  const doors = [
    decision &&
      wantHttp("decision", decision, {
        limits: limitDecisions(configuration),
        handle: (exchange) => inForce().handleDecision(exchange),
        onDropped,
      }),
    extAuthz && {
      name: "extAuthz" as const,
      address: extAuthz,
      create: () =>
        new GrpcDoor({
          address: extAuthz,
          check: (call) => inForce().handleCheck(call),
          isServing: () =>
            inForce()
              .readiness.list()
              .every(({ ready }) => ready),
          logger,
        }),
    },
    proxy &&
      listUpstreams(configuration).length > 0 &&
      wantHttp("proxy", proxy, {
        limits: limitProxy(configuration),
        handle: (exchange) => {
          const { handleProxied } = inForce();
          if (handleProxied === undefined) respond(exchange.response, GONE);
          else handleProxied(exchange);
        },
        onDropped,
      }),
  ];
  return doors.filter((door) => door !== undefined && door !== false);
}

/** The listener of operators. */
export function wantAdminDoor(
  { listeners }: Pick<Configuration, "listeners">,
  setup: AdminSetup & { readonly metrics: Metrics },
): WantedDoor {
  return wantHttp("admin", listeners.admin, {
    limits: limitAdmin(),
    handle: createAdminHandler(setup),
    onDropped: () => setup.metrics.recordShed("connections"),
  });
}

function wantHttp(name: Door["name"], address: ListenAddress, setup: HttpSetup): WantedDoor {
  return {
    name,
    address,
    create: () => new HttpDoor({ name, address, takesWebSockets: name === "proxy", ...setup }),
    apply: (door) => door instanceof HttpDoor && door.apply(setup.limits),
  };
}
