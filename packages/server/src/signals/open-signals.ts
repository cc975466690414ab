/** What takes signals of issuers, and the routes to it. */

import type { ApiRoute } from "../admin/api/api-route.ts";
import type { RevocationMakerSetup } from "../admin/api/create-revocation.ts";
import type { SignalsConfiguration } from "../config/signals-configuration.ts";
import type { Revocations } from "../revocation/revocations.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createLogoutRoute, listLogoutIssuers } from "./logout-route.ts";
import { SignalVerifier } from "./signal-verifier.ts";

export interface SignalsSetup extends RevocationMakerSetup {
  readonly configuration: SignalsConfiguration;
  readonly revocations: { readonly store: Pick<Revocations["store"], "append"> };
  readonly logger: OperationalLog;
}

export interface Signals {
  readonly routes: readonly ApiRoute[];
  close(): Promise<void>;
}

export function openSignals(setup: SignalsSetup): Signals {
  const { configuration, issuers, clock, logger } = setup;
  const { logout } = configuration;
  const verifier = new SignalVerifier({
    kind: "logout",
    issuers: () => listLogoutIssuers(logout, issuers()),
    clock,
    logger,
  });
  return {
    routes: logout.length > 0 ? [createLogoutRoute({ ...setup, configuration: logout, verifier })] : [],
    close: () => verifier.close(),
  };
}
