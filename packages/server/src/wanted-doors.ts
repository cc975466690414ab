/** The listeners that a configuration asks for, and what answers behind each. */

import { ConfigurationError } from "countersign";

import type { AdminSetup } from "./admin/admin-listener.ts";
import { createAdminAnswerer } from "./admin/admin-listener.ts";
import type { Configuration, ListenAddress } from "./config/configuration.ts";
import { RUNS_ON_BUN } from "./config/runtime.ts";
import { listUpstreams } from "./config/upstreams.ts";
import { describeProblem, respond } from "./decision/http-answer.ts";
import type { WantedDoor } from "./door-set.ts";
import type { Generation } from "./generation.ts";
import { limitAdmin, limitDecisions, limitProxy } from "./listener-limits.ts";
import type { Door, HttpDoorLimits, LimitedDoor } from "./listeners/door.ts";
import { GrpcDoor } from "./listeners/grpc-door.ts";
import type { HttpDoorSetup } from "./listeners/http-door.ts";
import { describeSpeech, HttpDoor } from "./listeners/http-door.ts";
import type { QuestionDoorSetup } from "./listeners/question-door.ts";
import { createQuestionDoor } from "./listeners/question-door.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface DataDoorsSetup {
  readonly metrics: Metrics;
  readonly logger: OperationalLog;
  /** What answers: doors outlive configurations. */
  inForce(): Generation;
}

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
      wantQuestions("decision", decision, {
        limits: limitDecisions(configuration),
        answer: (question) => inForce().answerQuestion(question),
        onDropped,
      }),
    extAuthz && {
      name: "extAuthz" as const,
      address: extAuthz,
      create: () => {
        refuseOnBun("extAuthz", "its HTTP/2 does not hold floods of frames within bounds");
        return new GrpcDoor({
          address: extAuthz,
          check: (call) => inForce().handleCheck(call),
          isServing: () =>
            inForce()
              .readiness.list()
              .every(({ ready }) => ready),
          logger,
        });
      },
    },
    proxy &&
      listUpstreams(configuration).length > 0 &&
      wantProxy(proxy, {
        limits: limitProxy(configuration),
        tls: configuration.listeners.proxyTls,
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
  return wantQuestions("admin", listeners.admin, {
    limits: limitAdmin(),
    answer: createAdminAnswerer(setup),
    readsBodies: true,
    onDropped: () => setup.metrics.recordShed("connections"),
  });
}

function wantQuestions(
  name: Door["name"],
  address: ListenAddress,
  setup: Omit<QuestionDoorSetup, "name" | "address">,
): WantedDoor {
  return {
    name,
    address,
    create: () => createQuestionDoor({ name, address, ...setup }),
    apply: (door) => applyLimits(door, setup.limits),
  };
}

function wantProxy(
  address: ListenAddress,
  setup: Omit<HttpDoorSetup, "name" | "address" | "takesWebSockets">,
): WantedDoor {
  const name = "proxy";
  const { tls, limits } = setup;
  return {
    name,
    address,
    speaks: tls && describeSpeech(tls),
    create: () => {
      refuseOnBun(name, "its HTTP server takes framings that two parsers read in two ways");
      return new HttpDoor({ name, address, takesWebSockets: true, ...setup });
    },
    apply: (door) => {
      applyLimits(door, limits);
      if (tls !== undefined && door instanceof HttpDoor) door.renewTls(tls);
    },
  };
}

/** Some listeners are safe on node's servers alone. @throws ConfigurationError on Bun. */
function refuseOnBun(name: Door["name"], why: string): void {
  if (!RUNS_ON_BUN) return;
  const problem = `this listener does not run on Bun: ${why}`;
  const remedy = "Turn it off, or run the sidecar on Node.";
  throw new ConfigurationError([{ path: `listeners.${name}`, problem, remedy }]);
}

function applyLimits(door: Door & Partial<LimitedDoor>, limits: HttpDoorLimits): void {
  door.apply?.(limits);
}
