/** What takes signals of issuers, and the routes to it. */

import type { EventIssuerOptions } from "countersign";

import type { ApiRoute } from "../admin/api/api-route.ts";
import type { RevocationMakerSetup } from "../admin/api/create-revocation.ts";
import { nameIssuer } from "../config/issuer-alias.ts";
import type { SignalsConfiguration } from "../config/signals-configuration.ts";
import { toTransmitterOptions } from "../config/transmitter-options.ts";
import type { Revocations } from "../revocation/revocations.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { EventPoller } from "./event-poller.ts";
import { EventReceiver } from "./event-receiver.ts";
import { createEventsRoute } from "./events-route.ts";
import { createLogoutRoute, listLogoutIssuers } from "./logout-route.ts";
import { createPollEndpoint } from "./poll-request.ts";
import { SignalVerifier } from "./signal-verifier.ts";

export interface SignalsSetup extends RevocationMakerSetup {
  readonly configuration: SignalsConfiguration;
  readonly revocations: { readonly store: Pick<Revocations["store"], "append"> };
  readonly logger: OperationalLog;
  readonly metrics: Metrics;
}

export interface Signals {
  readonly routes: readonly ApiRoute[];
  /** Begins to ask for events, once there is a configuration in force. */
  start(): void;
  close(): Promise<void>;
}

export function openSignals(setup: SignalsSetup): Signals {
  const { configuration, issuers, clock, logger, metrics } = setup;
  const { logout, transmitters } = configuration;
  const logoutVerifier = new SignalVerifier({
    kind: "logout",
    issuers: () => listLogoutIssuers(logout, issuers()),
    clock,
    logger,
  });
  const receivers = transmitters.map((transmitter) => {
    const verifier = new SignalVerifier({
      kind: "security_event",
      issuers: (): readonly EventIssuerOptions[] =>
        issuers()
          .filter((issuer) => nameIssuer(issuer) === transmitter.issuer)
          .map((issuer) => toTransmitterOptions(transmitter, issuer)),
      clock,
      logger,
    });
    return { transmitter, verifier, receiver: new EventReceiver({ ...setup, transmitter, verifier }) };
  });
  const pushed = new Map(
    receivers.flatMap(({ transmitter: { name, push }, receiver }) => {
      return push === undefined ? [] : [[name, { ...push, receiver }] as const];
    }),
  );
  const pollers = receivers.flatMap(({ transmitter, receiver }) => {
    const { poll } = transmitter;
    if (poll === undefined) return [];
    const { maxEvents, everySeconds } = poll;
    const endpoint = createPollEndpoint(poll);
    return [new EventPoller({ transmitter, receiver, endpoint, maxEvents, everySeconds, logger, metrics })];
  });
  return {
    routes: [
      ...(logout.length > 0
        ? [createLogoutRoute({ ...setup, configuration: logout, verifier: logoutVerifier })]
        : []),
      ...(pushed.size > 0 ? [createEventsRoute(pushed)] : []),
    ],
    start() {
      for (const poller of pollers) poller.start();
    },
    async close() {
      await Promise.all(pollers.map((poller) => poller.close()));
      await Promise.all([logoutVerifier.close(), ...receivers.map(({ verifier }) => verifier.close())]);
    },
  };
}
